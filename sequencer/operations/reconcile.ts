import { type Address, getBase64Encoder, type Signature } from '@solana/kit';
import {
  decodeHouse,
  decodeOwned,
  decodeVault,
  escrowAddress,
  eventsOf,
  type House,
  type Vault,
} from '../../program/client/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import type { ChainReader } from '../chain/reader.ts';
import { call, describeFailure } from '../chain/rpc.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';

/** Newest batches whose signatures are asked for. */
const MAX_BATCHES_CHECKED = 5_000;
const BATCHES_PAGE = 256;
/** Looks at the chain until one shows all accounts in one state. */
const MAX_SNAPSHOT_TRIES = 20;

/** A difference between the ledger and the chain. */
export interface Discrepancy {
  kind: 'vault-balance' | 'vault-bets' | 'liabilities' | 'escrow' | 'batch-missing' | 'batch-blob' | 'signature';
  /** Address, batch number or signature. */
  subject: string;
  expected: string;
  found: string;
  /** Whether money is wrong, and not records alone. */
  funds: boolean;
}

export interface ReconciliationReport {
  timeMs: number;
  slot: string;
  vaultsChecked: number;
  batchesChecked: number;
  discrepancies: Discrepancy[];
}

interface Snapshot {
  slot: bigint;
  house: House;
  vaults: Map<Address, Vault>;
  escrowLamports: bigint;
}

/** Compares every vault, the house, the escrow, the last batch and the stored signatures with the finalized chain. */
export async function reconcile(input: {
  reader: ChainReader;
  read: LedgerReader;
  nowMs(): number;
}): Promise<ReconciliationReport> {
  const snapshot = await steadySnapshot(input.reader);
  const rentMinimum = await call(input.reader.rpc.getMinimumBalanceForRentExemption(0n));
  const discrepancies = [
    ...(await checkVaults(snapshot, input)),
    ...checkHouse(snapshot, rentMinimum),
    ...checkLastBatch(snapshot, input.read),
  ];
  const signatures = await checkSignatures(input.reader, input.read);
  return {
    timeMs: input.nowMs(),
    slot: snapshot.slot.toString(),
    vaultsChecked: snapshot.vaults.size,
    batchesChecked: signatures.checked,
    discrepancies: [...discrepancies, ...signatures.discrepancies],
  };
}

/** The report for people. */
export function describeReport(report: ReconciliationReport): string {
  const { slot, vaultsChecked, batchesChecked, discrepancies } = report;
  const head = `Reconciled at slot ${slot}: ${vaultsChecked} vaults, ${batchesChecked} batches, the house and its escrow.`;
  if (discrepancies.length === 0) return `${head} Nothing differs.`;
  const lines = discrepancies.map(
    ({ kind, subject, expected, found, funds }) =>
      `  ${funds ? 'FUNDS ' : ''}${kind} ${subject}: expected ${expected}, found ${found}`,
  );
  return [`${head} ${discrepancies.length} differences:`, ...lines].join('\n');
}

async function checkVaults({ vaults }: Snapshot, input: { reader: ChainReader; read: LedgerReader }): Promise<Discrepancy[]> {
  const found: Discrepancy[] = [];
  for (const [address, vault] of vaults) {
    const discrepancy = checkVault(address, vault, input.read);
    if (discrepancy?.kind !== 'vault-balance') {
      if (discrepancy) found.push(discrepancy);
      continue;
    }
    const transferred = await balanceAfterTransfer(input, { address, lastBet: vault.lastBet });
    if (transferred !== vault.balance) found.push({ ...discrepancy, expected: (transferred ?? discrepancy.expected).toString() });
  }
  return found;
}

/** The balance that the newest landed transfer since a vault's last settled bet has left, as the program said; undefined if none landed. */
async function balanceAfterTransfer(
  { reader, read }: { reader: ChainReader; read: LedgerReader },
  vault: { address: Address; lastBet: bigint },
): Promise<bigint | undefined> {
  const options = { commitment: 'confirmed', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
  for (const signature of read.transferSignatures(addressBytes(vault.address), vault.lastBet)) {
    const transaction = await call(reader.rpc.getTransaction(signature as Signature, options));
    if (!transaction?.meta || transaction.meta.err) continue;
    for (const event of eventsOf(transaction.meta.logMessages ?? [], reader.program)) {
      if (event.name !== 'TransfersSettled') continue;
      const transfer = event.transfers.find((one) => one.vault === vault.address);
      if (transfer) return transfer.balance;
    }
  }
  return undefined;
}

function checkVault(address: Address, vault: Vault, read: LedgerReader): Discrepancy | undefined {
  const bytes = addressBytes(address);
  const lastKnown = read.vault(bytes)?.lastBet ?? 0n;
  const bets = { kind: 'vault-bets', subject: address, found: `bet ${vault.lastBet}`, funds: true } as const;
  if (vault.lastBet > lastKnown) return { ...bets, expected: `at most bet ${lastKnown}` };
  if (vault.lastBet === 0n) return undefined;
  const run = read.batchOfBet(bytes, vault.lastBet)?.runs.find((one) => compareBytes(one.vault, bytes) === 0);
  if (!run || run.firstBet + BigInt(run.betCount) - 1n !== vault.lastBet) return { ...bets, expected: 'the end of a run' };
  if (run.payRequest || run.after === vault.balance) return undefined;
  const [expected, found] = [run.after.toString(), vault.balance.toString()];
  return { kind: 'vault-balance', subject: address, expected, found, funds: true };
}

function* checkHouse({ house, vaults, escrowLamports }: Snapshot, rentMinimum: bigint): Generator<Discrepancy> {
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

function* checkLastBatch({ house }: Snapshot, read: LedgerReader): Generator<Discrepancy> {
  if (house.lastBatch === 0n) return;
  const subject = house.lastBatch.toString();
  const batch = read.batch(house.lastBatch);
  if (!batch) yield { kind: 'batch-missing', subject, expected: 'in the ledger', found: 'not there', funds: true };
  else if (compareBytes(batch.blobHash, house.lastBlobHash) !== 0) {
    const [expected, found] = [batch.blobHash, house.lastBlobHash].map((hash) => Buffer.from(hash).toString('hex'));
    yield { kind: 'batch-blob', subject, expected: expected as string, found: found as string, funds: true };
  }
}

async function checkSignatures(
  reader: ChainReader,
  read: LedgerReader,
): Promise<{ checked: number; discrepancies: Discrepancy[] }> {
  const discrepancies: Discrepancy[] = [];
  let before = read.lastBatchNumber() + 1n;
  let checked = 0;
  while (checked < MAX_BATCHES_CHECKED) {
    const page = read.batches({ before, limit: BATCHES_PAGE });
    if (page.length === 0) break;
    const settled = page.filter(({ state }) => state === 'Finalized');
    const signatures = settled.map(({ signature }) => signature as Signature);
    const request = reader.rpc.getSignatureStatuses(signatures, { searchTransactionHistory: true });
    const { value } = signatures.length > 0 ? await call(request) : { value: [] };
    for (const [index, batch] of settled.entries()) {
      const status = value[index];
      if (status?.confirmationStatus === 'finalized' && !status.err) continue;
      const found = status?.err ? describeFailure(status.err) : (status?.confirmationStatus ?? 'unknown to the chain');
      const subject = `${batch.signature} of batch ${batch.batchNumber}`;
      discrepancies.push({ kind: 'signature', subject, expected: 'finalized', found, funds: false });
    }
    checked += page.length;
    before = page.at(-1)?.batchNumber as bigint;
  }
  return { checked, discrepancies };
}

/** Vaults, house and escrow in one state: all vaults, and no money moved between two pages of them. */
async function steadySnapshot(reader: ChainReader): Promise<Snapshot> {
  for (let attempt = 0; attempt < MAX_SNAPSHOT_TRIES; attempt += 1) {
    const { slot, addresses } = await vaultAddresses(reader);
    const snapshot = await readTogether(reader, addresses, slot);
    if (snapshot && snapshot.house.vaultCount === BigInt(snapshot.vaults.size)) return snapshot;
  }
  throw new CasinoError('CHAIN_UNREACHABLE', 'the chain does not stand still long enough to be compared');
}

async function vaultAddresses(reader: ChainReader): Promise<{ slot: bigint; addresses: Address[] }> {
  const { slot, vaults } = await reader.snapshot('finalized');
  return { slot, addresses: [...vaults.keys()] };
}

function sameHouse(a: House, b: House): boolean {
  return (
    a.liabilities === b.liabilities &&
    a.lastBatch === b.lastBatch &&
    a.lastTransfer === b.lastTransfer &&
    a.vaultCount === b.vaultCount
  );
}

/** Accounts in pages, each with the house: undefined if the house changed between two pages. */
async function readTogether(
  reader: ChainReader,
  addresses: readonly Address[],
  minContextSlot: bigint,
): Promise<Snapshot | undefined> {
  const { rpc, program, house: houseAddress } = reader;
  const escrow = await escrowAddress({ program, house: houseAddress });
  const vaults = new Map<Address, Vault>();
  let seen: { house: House; escrowLamports: bigint; slot: bigint } | undefined;
  for (let offset = 0; offset === 0 || offset < addresses.length; offset += 90) {
    const page = addresses.slice(offset, offset + 90);
    const options = { commitment: 'finalized', encoding: 'base64', minContextSlot } as const;
    const { context, value } = await call(rpc.getMultipleAccounts([houseAddress, escrow, ...page], options));
    const [houseAccount, escrowAccount, ...vaultAccounts] = value;
    if (!houseAccount) throw new CasinoError('CHAIN_MISMATCH', `no house at ${houseAddress}`);
    const decoded = (address: Address, account: NonNullable<(typeof value)[number]>) => ({
      address,
      programAddress: account.owner,
      data: getBase64Encoder().encode(account.data[0]),
    });
    const house = decodeOwned(decoded(houseAddress, houseAccount), { program, decode: decodeHouse });
    if (seen && !sameHouse(seen.house, house)) return undefined;
    seen = { house, escrowLamports: escrowAccount?.lamports ?? 0n, slot: context.slot };
    for (const [index, account] of vaultAccounts.entries()) {
      const address = page[index] as Address;
      if (account) vaults.set(address, decodeOwned(decoded(address, account), { program, decode: decodeVault }));
    }
  }
  return seen && { ...seen, vaults };
}
