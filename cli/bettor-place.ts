import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isAddress, type KeyPairSigner } from '@solana/kit';
import { CasinoClient } from '../client/client.ts';
import { FileStore } from '../client/file-store.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { signerAt } from './house-place.ts';

export interface BettorFlags {
  api: string;
  rpc: string;
  store: string;
  keypair: string;
  house?: string;
  program?: string;
  deposit?: string;
  yes?: boolean;
  json?: boolean;
}

/** Bets, receipts and session keys of all houses and wallets of this user: lost, its vaults bet no more. */
export const DEFAULT_STORE = join(homedir(), '.zk-casino', 'bettor');
/** The Solana tools' default. */
export const DEFAULT_KEYPAIR = join(homedir(), '.config', 'solana', 'id.json');

/** For one bet, a service that is being started again included. */
const RETRY = { maxElapsedMs: 60_000, firstDelayMs: 100, maxDelayMs: 2_000 };

/** What a bettor's command works with. The store is this process's alone until it is closed. */
export interface BettorPlace {
  client: CasinoClient;
  wallet: KeyPairSigner;
  store: FileStore;
}

/** Runs an action with a connected client, and closes its store. `STORE_LOCKED` if another command has the store. */
export async function withBettor<T>(flags: BettorFlags, action: (place: BettorPlace) => Promise<T>): Promise<T> {
  const wallet = await walletOf(flags);
  const store = await FileStore.open(flags.store);
  try {
    const { api: apiUrl, rpc: rpcUrl } = flags;
    const named = { house: addressFlag(flags.house), program: addressFlag(flags.program) };
    const onWarning = (message: string) => void process.stderr.write(`warning: ${message}\n`);
    const client = await CasinoClient.connect({ apiUrl, rpcUrl, wallet, store, ...named, retry: RETRY, onWarning });
    return await action({ client, wallet, store });
  } finally {
    await store.close();
  }
}

/** The wallet, with a way out for one who has none. */
export async function walletOf({ keypair }: BettorFlags): Promise<KeyPairSigner> {
  if (!existsSync(keypair)) {
    const way = `make one with: casino keys new ${keypair}`;
    throw new CasinoError(
      'CONFIG_INVALID',
      `there is no wallet in ${keypair}; name a Solana keypair file with --keypair, or ${way}`,
    );
  }
  return signerAt(keypair);
}

export function addressFlag(text: string | undefined) {
  if (text === undefined || isAddress(text)) return text;
  throw new CasinoError('CONFIG_INVALID', `${text} is not an address`);
}
