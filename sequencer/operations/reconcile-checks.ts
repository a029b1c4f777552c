import type { Address } from '@solana/kit';
import type { House, Vault } from '../../program/client/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { fieldToBytes } from '../../protocol/field.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import type { RunRecord, VaultRecord } from '../ledger/records.ts';
import type { ReconciliationChain, ReconciliationSnapshot } from './reconcile-chain.ts';

/** What a difference is about, append-only; docs/reference/errors.md lists them for readers. */
export type DiscrepancyKind =
  | 'vault-balance'
  | 'vault-bets'
  | 'liabilities'
  | 'escrow'
  | 'batch-missing'
  | 'batch-blob'
  | 'signature'
  | 'vault-missing'
  | 'vault-identity'
  | 'vault-claimable'
  | 'vault-voided'
  | 'transfer-missing';

/** A difference between the ledger and the chain. */
export interface Discrepancy {
  kind: DiscrepancyKind;
  /** Address, batch number or signature. */
  subject: string;
  expected: string;
  found: string;
  /** Whether money is wrong, and not records alone. */
  funds: boolean;
}

interface Compared {
  chain: ReconciliationChain;
  read: LedgerReader;
  snapshot: ReconciliationSnapshot;
}

/** What the ledger knew before the chain was looked at: the chain can not be behind it. */
export interface KnownBefore {
  vaults: VaultRecord[];
  lastFinalizedBatch: bigint;
}

export function knownBefore(read: LedgerReader): KnownBefore {
  return { vaults: read.vaults(), lastFinalizedBatch: read.lastFinalized()?.batchNumber ?? 0n };
}

/** Compares each vault on chain with what the ledger's batches, transfers and voided bets have left of it, and the other way round. */
export async function checkVaults(compared: Compared, before: KnownBefore): Promise<Discrepancy[]> {
  const { snapshot, read } = compared;
  const found: Discrepancy[] = [];
  for (const record of before.vaults) found.push(...checkRecord(record, compared));
  for (const [address, vault] of snapshot.vaults) {
    const bets = checkBets(address, vault, read);
    if (bets) found.push(bets);
    else found.push(...(await checkMoney(address, vault, compared)));
    found.push(...checkVoided(address, vault, read));
  }
  return found;
}

/** A vault that the ledger knew is on chain, is the same, and its settled bets are still settled. */
function* checkRecord(record: VaultRecord, { snapshot, read }: Compared): Generator<Discrepancy> {
  const subject = addressOf(record.vault);
  const vault = snapshot.vaults.get(subject);
  if (!vault) {
    yield { kind: 'vault-missing', subject, expected: 'on chain', found: 'not there', funds: true };
    return;
  }
  const identity = `${addressOf(record.owner)} ${Buffer.from(record.accountId).toString('hex')}`;
  const shown = `${vault.owner} ${Buffer.from(fieldToBytes(vault.accountId)).toString('hex')}`;
  if (identity !== shown) yield { kind: 'vault-identity', subject, expected: identity, found: shown, funds: true };
  if (vault.lastBet < record.finalizedThrough) {
    const expected = `at least bet ${record.finalizedThrough}`;
    yield { kind: 'vault-bets', subject, expected, found: `bet ${vault.lastBet}`, funds: true };
  }
  const voided = read.voided(record.vault);
  if (voided && (!vault.frozen || vault.lastBet !== voided.fromBet - 1n)) {
    const expected = `closed after bet ${voided.fromBet - 1n}`;
    const found = `${vault.frozen ? 'closed' : 'open'} after bet ${vault.lastBet}`;
    yield { kind: 'vault-voided', subject, expected, found, funds: true };
  }
}

/** The last settled bet is one that the ledger has, and ends a run. */
function checkBets(address: Address, vault: Vault, read: LedgerReader): Discrepancy | undefined {
  const bytes = addressBytes(address);
  const lastKnown = read.vault(bytes)?.lastBet ?? 0n;
  const bets = { kind: 'vault-bets', subject: address, found: `bet ${vault.lastBet}`, funds: true } as const;
  if (vault.lastBet > lastKnown) return { ...bets, expected: `at most bet ${lastKnown}` };
  if (vault.lastBet === 0n || runEndingAt(address, vault.lastBet, read)) return undefined;
  return { ...bets, expected: 'the end of a run' };
}

/** The balance is what the last run left, less what was paid with it, or what a transfer since has left; nothing after an exit. */
async function checkMoney(address: Address, vault: Vault, compared: Compared): Promise<Discrepancy[]> {
  const { read } = compared;
  const found: Discrepancy[] = [];
  const paying = { kind: 'vault-balance', subject: address, funds: true } as const;
  if (vault.frozen) {
    const rest = vault.balance + vault.pendingDeposit;
    if (rest !== 0n) found.push({ ...paying, expected: '0 after a forced exit', found: rest.toString() });
    return found;
  }
  const settled = runEndingAt(address, vault.lastBet, read);
  const left = settled ? await leftByRun(address, settled, compared) : 0n;
  if (left !== undefined && left !== vault.balance) {
    const { balance, forgotten } = await leftByTransfer(address, vault.lastBet, compared);
    const [expected, shown] = [(balance ?? left).toString(), vault.balance.toString()];
    if (balance !== vault.balance) {
      // A node that forgets can not show that the money is wrong: the sum of all parts is compared all the same.
      const unknown = { kind: 'signature', subject: `${forgotten} of vault ${address}`, funds: false } as const;
      found.push({ ...(forgotten === undefined ? paying : unknown), expected, found: shown });
    }
  }
  if (vault.claimable > 0n && !read.wasPaid(addressBytes(address))) {
    const subject = address;
    found.push({ kind: 'vault-claimable', subject, expected: '0', found: vault.claimable.toString(), funds: true });
  }
  return found;
}

interface SettledRun {
  run: RunRecord;
  signature: string | undefined;
}

function runEndingAt(address: Address, betNumber: bigint, read: LedgerReader): SettledRun | undefined {
  const bytes = addressBytes(address);
  const batch = betNumber === 0n ? undefined : read.batchOfBet(bytes, betNumber);
  const run = batch?.runs.find((one) => compareBytes(one.vault, bytes) === 0);
  return run && run.firstBet + BigInt(run.betCount) - 1n === betNumber ? { run, signature: batch?.signature } : undefined;
}

/** What a run has left of the balance; undefined if it paid a request and the chain does not tell how much. */
async function leftByRun(address: Address, { run, signature }: SettledRun, { chain }: Compared): Promise<bigint | undefined> {
  if (!run.payRequest) return run.after;
  for (const event of (signature && (await chain.events(signature))) || []) {
    const settled = event.name === 'BatchSettled' ? event.runs.find((one) => one.vault === address) : undefined;
    // A request is paid from the balance first, then from deposits.
    if (settled) return run.after - (settled.paid < run.after ? settled.paid : run.after);
  }
  return undefined;
}

interface LeftByTransfer {
  /** As the program said; undefined if the node knows of no transfer that landed. */
  balance: bigint | undefined;
  /** The newest signed transfer that the node does not know, if it may have landed after that: it then says what is left. */
  forgotten: string | undefined;
}

/** The balance that the newest landed transfer since a vault's last settled bet has left. */
async function leftByTransfer(address: Address, lastBet: bigint, { chain, read }: Compared): Promise<LeftByTransfer> {
  let forgotten: string | undefined;
  for (const signature of read.transferSignatures(addressBytes(address), lastBet)) {
    const events = await chain.events(signature);
    if (!events) forgotten ??= signature;
    for (const event of events ?? []) {
      const transfer = event.name === 'TransfersSettled' ? event.transfers.find((one) => one.vault === address) : undefined;
      if (transfer) return { balance: transfer.balance, forgotten };
    }
  }
  return { balance: undefined, forgotten };
}

/** A vault that has left has no bets that are still owed: no money, but bettors are told wrong things. */
function* checkVoided(address: Address, vault: Vault, read: LedgerReader): Generator<Discrepancy> {
  const record = read.vault(addressBytes(address));
  if (!vault.frozen || !record || record.lastBet <= vault.lastBet || read.voided(record.vault)) return;
  const expected = `bets ${vault.lastBet + 1n} to ${record.lastBet} voided`;
  yield { kind: 'vault-voided', subject: address, expected, found: 'still owed', funds: false };
}

/** The house owes what its parts say, and its escrow covers that. */
export function* checkHouse({ house, vaults, escrowLamports, rentMinimum }: ReconciliationSnapshot): Generator<Discrepancy> {
  let sum = house.balance + house.claimable;
  for (const { balance, pendingDeposit, claimable } of vaults.values()) sum += balance + pendingDeposit + claimable;
  if (sum !== house.liabilities) {
    yield { kind: 'liabilities', subject: 'house', expected: sum.toString(), found: house.liabilities.toString(), funds: true };
  }
  if (escrowLamports < house.liabilities + rentMinimum) {
    const expected = `at least ${house.liabilities + rentMinimum}`;
    yield { kind: 'escrow', subject: 'escrow', expected, found: escrowLamports.toString(), funds: true };
  }
}

/** The house's counters and its last blob are the ledger's. */
export function* checkCounters(house: House, read: LedgerReader, before: KnownBefore): Generator<Discrepancy> {
  const missing = { kind: 'batch-missing', found: 'not there', funds: true } as const;
  if (house.lastBatch < before.lastFinalizedBatch) {
    const subject = before.lastFinalizedBatch.toString();
    yield { ...missing, subject, expected: 'settled on chain', found: `the chain ends at batch ${house.lastBatch}` };
  }
  const lastTransfer = read.lastTransferNumber();
  if (house.lastTransfer > lastTransfer) {
    const found = `transfer ${house.lastTransfer}`;
    yield { kind: 'transfer-missing', subject: 'house', expected: `at most transfer ${lastTransfer}`, found, funds: true };
  }
  if (house.lastBatch === 0n) return;
  const subject = house.lastBatch.toString();
  const batch = read.batch(house.lastBatch);
  if (!batch) yield { ...missing, subject, expected: 'in the ledger' };
  else if (compareBytes(batch.blobHash, house.lastBlobHash) !== 0) {
    const [expected, found] = [batch.blobHash, house.lastBlobHash].map((hash) => Buffer.from(hash).toString('hex'));
    yield { kind: 'batch-blob', subject, expected: expected as string, found: found as string, funds: true };
  }
}
