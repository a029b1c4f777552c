import type { Address } from '@solana/kit';
import { vaultAddress } from '../program/client/addresses.ts';
import { ApiClient } from './api.ts';
import type { BetResult } from './bet-run.ts';
import { BetSocket } from './bet-socket.ts';
import { type Chain, chainAt } from './chain.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { hasDevelopmentKeys } from './development-keys.ts';
import { ClientError } from './errors.ts';
import { addressFrom, type HouseContext, loadHouse } from './house.ts';
import { DEFAULT_RETRY_LIMITS, type RetryLimits } from './retry.ts';
import type { ClientStore } from './store.ts';
import { fetchTransport, type HttpTransport } from './transport.ts';
import type { Wallet } from './wallet.ts';

export interface ConnectOptions {
  /** The service, `http://host:port`. */
  apiUrl: string;
  /** A Solana node that the bettor trusts: the house, its key and its terms are read from it. */
  rpcUrl: string;
  wallet: Wallet;
  store: ClientStore;
  /** The house and program that the bettor means. Without them the service's word decides which house this is. */
  house?: Address | undefined;
  program?: Address | undefined;
  /** Web origin for the session message; the page's own in a browser, else the service's. */
  origin?: string | undefined;
  retry?: RetryLimits | undefined;
  /** For one HTTP request. */
  requestTimeoutMs?: number | undefined;
  transport?: HttpTransport | undefined;
  /** What carries bets: HTTP requests, or messages over one WebSocket, which is closed while no bet is under way for some seconds. */
  betsOver?: 'http' | 'websocket' | undefined;
  clock?: Clock | undefined;
  /** Replaces the node at `rpcUrl`. */
  chain?: Chain | undefined;
  /** Most bets that are on their way at once, 1 to 32; by default 32. */
  maxInFlight?: number | undefined;
  /** Hears of bets that an earlier run had signed and this one got answered. */
  onRecovered?: ((result: BetResult) => void) | undefined;
  /** Hears what a bettor has to know before it puts money in; by default the console does. */
  onWarning?: ((message: string) => void) | undefined;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;

/** A service and a node, and the house of both. */
export interface Connected {
  api: ApiClient;
  chain: Chain;
  clock: Clock;
  house: HouseContext;
  developmentKeys: boolean | undefined;
  vaultAddress: Address;
  apiUrl: string;
}

/** Finds the house that the service runs, and checks it on chain; see `CasinoClient.connect`. */
export async function connect(options: ConnectOptions): Promise<Connected> {
  const clock = options.clock ?? SYSTEM_CLOCK;
  const retry = options.retry ?? DEFAULT_RETRY_LIMITS;
  const apiUrl = options.apiUrl.replace(/\/+$/, '');
  const timeoutMs = options.requestTimeoutMs ?? DEFAULT_REQUEST_TIMEOUT_MS;
  const betSocket = options.betsOver === 'websocket' ? new BetSocket({ apiUrl, clock, timeoutMs }) : undefined;
  const api = new ApiClient({ apiUrl, transport: options.transport ?? fetchTransport, clock, retry, timeoutMs, betSocket });
  const chain = options.chain ?? chainAt(options.rpcUrl, { clock, retry });
  const named = await api.house();
  const place = { house: addressFrom(named.house), program: addressFrom(named.program) };
  for (const name of ['house', 'program'] as const) {
    if (options[name] !== undefined && options[name] !== place[name]) {
      throw new ClientError('CHAIN_MISMATCH', `the service runs ${name} ${place[name]}, not ${options[name]}`);
    }
  }
  const house = await loadHouse(chain, place);
  const vault = await vaultAddress({ ...place, owner: options.wallet.address });
  const developmentKeys = await hasDevelopmentKeys(chain, place);
  return { api, chain, clock, house, developmentKeys, vaultAddress: vault, apiUrl };
}
