/** Flags of the commands that run the service. */
export interface ServiceFlags {
  data: string;
  reset?: boolean;
  apiPort: number;
  rpcPort: number;
  provingKeys?: string;
}

export interface DemoFlags {
  bets: number;
  bettors: number;
  exit?: boolean;
  json?: boolean;
}
