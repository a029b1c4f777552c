import { InvalidArgumentError } from 'commander';

/** Flags of the commands that run the service. */
export interface ServiceFlags {
  data: string;
  reset?: boolean;
  apiPort: number;
  rpcPort: number;
  /** As the sequencer's flag has them; empty for its own files alone. */
  blobStore: string[];
  provingKeys?: string;
  explorerPort: number;
  /** False for none. */
  explorer: boolean;
}

/** Flags of `start`: what is left out comes from the settings. */
export interface StartFlags extends Partial<Omit<ServiceFlags, keyof LocalFlags>>, LocalFlags {
  config?: string;
  rpc?: string;
}

/** What no setting has: it is about what runs beside the service. */
type LocalFlags = Pick<ServiceFlags, 'rpcPort' | 'explorerPort' | 'explorer'>;

export const DEFAULT_EXPLORER_PORT = 8788;

/** The explorer's port; undefined if none is wanted. */
export const explorerPortOf = ({
  explorer,
  explorerPort,
}: Pick<ServiceFlags, 'explorer' | 'explorerPort'>): number | undefined => (explorer ? explorerPort : undefined);

export interface DemoFlags {
  bets: number;
  bettors: number;
  exit?: boolean;
  json?: boolean;
}

/** What the sequencer is told of them. */
export const blobStoreFlags = ({ blobStore = [] }: { blobStore?: readonly string[] }): string[] =>
  blobStore.flatMap((where) => ['--blob-store', where]);

/** Reads a flag that is a positive whole number of at most so many digits. */
export const positiveWhole =
  (mostDigits: number) =>
  (text: string): number => {
    if (!new RegExp(`^[1-9][0-9]{0,${mostDigits - 1}}$`).test(text)) {
      throw new InvalidArgumentError('must be a positive whole number');
    }
    return Number(text);
  };
