/** Flags of the commands that run the service. */
export interface ServiceFlags {
  data: string;
  reset?: boolean;
  apiPort: number;
  rpcPort: number;
  /** As the sequencer's flag has them; empty for its own files alone. */
  blobStore: string[];
  provingKeys?: string;
}

/** Flags of `start`: what is left out comes from the settings. */
export interface StartFlags extends Partial<Omit<ServiceFlags, 'rpcPort'>> {
  rpcPort: number;
  config?: string;
  rpc?: string;
}

export interface DemoFlags {
  bets: number;
  bettors: number;
  exit?: boolean;
  json?: boolean;
}

/** What the sequencer is told of them. */
export const blobStoreFlags = ({ blobStore = [] }: { blobStore?: readonly string[] }): string[] =>
  blobStore.flatMap((where) => ['--blob-store', where]);
