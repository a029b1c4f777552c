import type { Signature } from '@solana/kit';
import type { Vault } from '../program/client/accounts.ts';
import { deposit as depositInstruction, openVault as openVaultInstruction } from '../program/client/instructions/vault.ts';
import type { ApiClient } from './api.ts';
import type { Chain } from './chain.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import { type HouseContext, loadVault } from './house.ts';
import type { SigningRecord } from './record.ts';
import type { Session } from './session-secret.ts';
import type { RecordBook } from './signing-record.ts';
import { type LandedTransaction, sendUntilFinal } from './transactions.ts';
import type { Wallet } from './wallet.ts';

/** How far an act on chain has come; `counted`: the service has seen it final too. */
export type Progress = (stage: 'sent' | 'confirmed' | 'finalized' | 'counted', signature: Signature | undefined) => void;

export interface VaultPlace {
  api: ApiClient;
  chain: Chain;
  clock: Clock;
  book: RecordBook;
  house: HouseContext;
  wallet: Wallet;
  accountId: bigint;
  session: () => Promise<Session>;
}

const POLL_MS = 250;

/**
 * Opens the wallet's vault in the house, or finds it open, and returns once that is final on chain. The signing record is stored
 * before the transaction is sent, so a vault of this store always has one. `NO_SIGNING_RECORD` if the vault was opened elsewhere,
 * `WRONG_SESSION_KEY` if for another key, `RECORD_CONFLICT` if the chain has settled bets that this store did not sign.
 */
export async function openVault(
  place: VaultPlace,
  options: { timeoutMs: number; onProgress?: Progress | undefined },
): Promise<Vault> {
  const { book, chain, clock, wallet, house } = place;
  const deadlineMs = clock.nowMs() + options.timeoutMs;
  const confirmed = await loadVault(chain, { context: house, owner: wallet.address, commitment: 'confirmed' });
  const record = await book.load();
  if (confirmed.state && !record) {
    throw new ClientError(
      'NO_SIGNING_RECORD',
      'the vault was opened with another store: bets signed here could clash with its own',
    );
  }
  const session = await place.session();
  if (record && record.sessionKeyHash !== session.keyHash) throw wrongKey();
  if (!record) await book.save(firstRecord(session.keyHash, place.accountId));
  if (!confirmed.state) await sendOpening(place, { ...options, sessionKeyHash: session.keyHash });
  const vault = await finalVault(place, deadlineMs);
  assertOurs(vault, { session, record: record ?? firstRecord(session.keyHash, place.accountId), accountId: place.accountId });
  options.onProgress?.('finalized', undefined);
  return vault;
}

/** Pays into the wallet's own vault; resolves once the deposit is final on chain and the service counts it. */
export async function deposit(
  place: VaultPlace,
  options: { amount: bigint; timeoutMs: number; onProgress?: Progress | undefined },
): Promise<LandedTransaction> {
  const { chain, clock, wallet, house } = place;
  const deadlineMs = clock.nowMs() + options.timeoutMs;
  const instruction = await depositInstruction({
    program: house.program,
    payer: wallet,
    house: house.house,
    owner: wallet.address,
    amount: options.amount,
  });
  const { timeoutMs, onProgress: onStage } = options;
  const landed = await sendUntilFinal({ chain, clock, wallet, instructions: [instruction], timeoutMs, onStage });
  while ((await place.api.health()).slot < landed.slot) {
    if (clock.nowMs() > deadlineMs)
      throw new ClientError('TIMEOUT', 'the deposit is final on chain, the service has not counted it yet');
    await clock.sleep(POLL_MS);
  }
  options.onProgress?.('counted', landed.signature);
  return landed;
}

function firstRecord(sessionKeyHash: bigint, accountId: bigint): SigningRecord {
  return { sessionKeyHash, nextBet: 1n, head: accountId, balance: undefined, limits: [], pending: [], refusals: [] };
}

async function sendOpening(
  place: VaultPlace,
  options: { sessionKeyHash: bigint; timeoutMs: number; onProgress?: Progress | undefined },
): Promise<void> {
  const { chain, clock, wallet, house } = place;
  const { program } = house;
  const { sessionKeyHash, timeoutMs, onProgress: onStage } = options;
  const instruction = await openVaultInstruction({ program, payer: wallet, owner: wallet, house: house.house, sessionKeyHash });
  try {
    await sendUntilFinal({ chain, clock, wallet, instructions: [instruction], timeoutMs, onStage });
  } catch (error) {
    // An earlier run's transaction may have landed meanwhile: then the vault is there, and this one had to fail.
    const { state } = await loadVault(chain, { context: house, owner: wallet.address, commitment: 'confirmed' });
    if (!state) throw error;
  }
}

async function finalVault(place: VaultPlace, deadlineMs: number): Promise<Vault> {
  const { chain, clock, wallet, house } = place;
  for (;;) {
    const { state } = await loadVault(chain, { context: house, owner: wallet.address, commitment: 'finalized' });
    if (state) return state;
    if (clock.nowMs() > deadlineMs) throw new ClientError('TIMEOUT', 'the vault is not final on chain yet');
    await clock.sleep(POLL_MS);
  }
}

function assertOurs(vault: Vault, expected: { session: Session; record: SigningRecord; accountId: bigint }): void {
  const { session, record, accountId } = expected;
  if (vault.accountId !== accountId)
    throw new ClientError('CHAIN_MISMATCH', 'the vault has another accountId than its address gives');
  const registered = vault.keys.some((key) => key.hash === session.keyHash);
  if (!registered || record.sessionKeyHash !== session.keyHash) {
    throw wrongKey();
  }
  if (vault.lastBet >= record.nextBet + BigInt(record.pending.length)) {
    throw new ClientError('RECORD_CONFLICT', `the chain has settled bet ${vault.lastBet}, this store signed fewer`);
  }
}

function wrongKey(): ClientError {
  return new ClientError('WRONG_SESSION_KEY', 'the vault is registered for another session key than this wallet and store make');
}
