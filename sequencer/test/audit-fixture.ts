import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { getBase58Decoder } from '@solana/kit';
import { ReceiptSigner } from '../admission/signer.ts';
import type { ChainRecord } from '../audit/chain-tables.ts';
import { type ExportInput, exportAudit } from '../audit/export.ts';
import type { FormatName } from '../audit/format.ts';
import type { ManifestInput } from '../audit/manifest.ts';
import { ledgerSources } from '../audit/sources.ts';
import { addressOf } from '../ledger/addresses.ts';
import { Ledger } from '../ledger/ledger.ts';
import { LedgerReader } from '../ledger/reader.ts';
import type { BatchRecord, BetRecord, LedgerEntry, VaultRecord } from '../ledger/records.ts';

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
const SEED = bytes(32, 77);
const U64_MAX = (1n << 64n) - 1n;
/** Everything that a field can get wrong. */
const NASTY = 'a, "quoted"\r\nline, ünï→😀 =1+1';

export const AUDIT_VAULTS = [bytes(32, 1), bytes(32, 2)] as const;
export const AUDIT_KEY = { signer: new ReceiptSigner(SEED), receiptKey: ed25519.getPublicKey(SEED) };
/** The time of a vault's bet; each vault has so many. */
export const betTime = (betNumber: number): number => 1_000 * betNumber;
export const BETS_A_VAULT = 1_250;
export const AUDIT_NOW_MS = 100_000_000;

const headOf = (vault: number, betNumber: number) => {
  const head = bytes(32, vault);
  new DataView(head.buffer).setUint32(28, betNumber);
  return head;
};

const vaultRecord = (fill: number): VaultRecord => ({
  vault: AUDIT_VAULTS[fill - 1] as Uint8Array,
  owner: bytes(32, 10 + fill),
  accountId: bytes(32, 3),
  lastBet: 0n,
  head: bytes(32, 3),
  cumulativeDelta: 0n,
  lastTerms: 0,
  batchedThrough: 0n,
  finalizedThrough: 0n,
});

export const auditBet = (fill: number, betNumber: number, change: Partial<BetRecord> = {}): BetRecord => ({
  vault: AUDIT_VAULTS[fill - 1] as Uint8Array,
  betNumber: BigInt(betNumber),
  termsId: 1,
  stakeUnits: 5n,
  choice: 1,
  clientSeed: bytes(32, 4),
  head: headOf(fill, betNumber),
  sessionKey: bytes(64, 5),
  signature: bytes(96, 6),
  serverSeed: bytes(32, 7),
  outcome: (betNumber % 2) as 0 | 1,
  payout: betNumber % 2 === 1 ? 98_000n : 0n,
  balanceAfter: U64_MAX - BigInt(betNumber),
  cumulativeDelta: -50_000n * BigInt(betNumber),
  timeMs: BigInt(betTime(betNumber)),
  receiptSignature: bytes(64, 8),
  ...change,
});

function auditBatch(batchNumber: bigint, runs: { fill: number; firstBet: bigint; betCount: number }[]): BatchRecord {
  const sum = runs.reduce((total, { betCount }) => total + betCount, 0);
  const parts = runs.map(({ fill, ...run }, slot) => {
    const vault = AUDIT_VAULTS[fill - 1] as Uint8Array;
    return { slot, vault, start: U64_MAX, consume: 0n, after: 2n, ...run, keySlot: 0 as const, payRequest: slot === 1 };
  });
  const head = { batchNumber, state: 'Pending' as const, termsId: 1, vkId: 1, size: 'tiny', betCount: sum, attempt: 0 };
  const createdAtMs = betTime(Number(batchNumber));
  return { ...head, blobHash: bytes(32, 9), outcomes: bytes(1, 1), createdAtMs, updatedAtMs: createdAtMs, runs: parts };
}

/** A ledger with two vaults and everything that an export has of it, bets on more than two pages among them. */
export class AuditFixture {
  readonly directory = mkdtempSync(join(tmpdir(), 'audit-'));
  readonly ledgerPath = join(this.directory, 'ledger.db');
  ledger!: Ledger;
  read!: LedgerReader;

  async open(): Promise<this> {
    const onFailure = (error: Error) => {
      throw error;
    };
    this.ledger = await Ledger.open({ path: this.ledgerPath, onFailure });
    await this.ledger.commit([1, 2].map((fill) => ({ kind: 'vault', vault: vaultRecord(fill) })));
    const bets: LedgerEntry[] = [];
    for (let number = 1; number <= BETS_A_VAULT; number += 1) {
      for (const fill of [1, 2]) bets.push({ kind: 'bet', bet: auditBet(fill, number) });
    }
    await this.ledger.commit(bets);
    await this.ledger.commit(settlement());
    this.read = LedgerReader.open(this.ledgerPath);
    return this;
  }

  get place(): { program: string; house: string; genesisHash: string } {
    const genesisHash = getBase58Decoder().decode(bytes(32, 40));
    return { program: addressOf(bytes(32, 41)), house: addressOf(bytes(32, 42)), genesisHash };
  }

  out(name: string): string {
    return join(this.directory, name);
  }

  export(name: string, format: FormatName, change: Partial<ExportInput> = {}): Promise<ManifestInput> {
    return exportAudit({
      out: this.out(name),
      format,
      range: { fromMs: 0, toMs: AUDIT_NOW_MS - 60_000 },
      identity: this.place,
      read: this.read,
      sources: ledgerSources(this.read),
      chain: { records: chainHistory(), slot: 99n },
      key: AUDIT_KEY,
      nowMs: () => AUDIT_NOW_MS,
      ...change,
    });
  }

  async close(): Promise<void> {
    this.read.close();
    await this.ledger.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function settlement(): LedgerEntry[] {
  const moved = { kind: 'batch-moved', batchNumber: 1n, attempt: 1 } as const;
  const signed = { signature: '5'.repeat(64), proof: bytes(128, 1), leaderNonce: U64_MAX, leaderEpoch: 3n };
  const report = { slot: U64_MAX, vaultsChecked: 2, batchesChecked: 1, transfersChecked: 0, complete: true, omitted: 0 };
  return [
    {
      kind: 'batch-created',
      batch: auditBatch(1n, [
        { fill: 1, firstBet: 1n, betCount: 2 },
        { fill: 2, firstBet: 1n, betCount: 3 },
      ]),
    },
    { kind: 'batch-created', batch: auditBatch(2n, [{ fill: 1, firstBet: 3n, betCount: 1 }]) },
    { ...moved, from: 'Pending', to: 'Proved', reason: NASTY, timeMs: 2_000, progress: { proveMs: 12 } },
    { ...moved, from: 'Proved', to: 'Finalized', reason: '', timeMs: 3_000, progress: { ...signed, finalizedAtMs: 3_000 } },
    { kind: 'batch-withdrawn', batchNumber: 2n, reason: 'no witness', timeMs: 4_000 },
    { kind: 'settled-through', vault: AUDIT_VAULTS[1], betNumber: 3n },
    {
      kind: 'vault-voided',
      voided: { vault: AUDIT_VAULTS[1], fromBet: 4n, throughBet: BigInt(BETS_A_VAULT), slot: 7n, reason: 'forced exit' },
    },
    { kind: 'reconciled', reconciliation: { ...report, timeMs: 5_000, fundsDiffer: false, discrepancies: '[]' } },
    {
      kind: 'reconciled',
      reconciliation: { ...report, timeMs: 6_000, fundsDiffer: true, discrepancies: JSON.stringify([{ subject: NASTY }]) },
    },
    { kind: 'configured', configuration: { timeMs: 7_000, settings: '{"port":8787}' } },
  ];
}

async function* chainHistory(): AsyncGenerator<ChainRecord[]> {
  const at = { signature: '4'.repeat(64), slot: 12n, timeMs: 8_000 };
  const vault = addressOf(AUDIT_VAULTS[0]);
  yield [
    { ...at, index: 0, table: 'deposits', kind: 'house', vault: undefined, amount: U64_MAX },
    { ...at, index: 1, table: 'deposits', kind: 'vault', vault, amount: 5n },
    { ...at, index: 2, table: 'chain_changes', change: 'paused-set', value: '{"paused":true}' },
  ];
  const step = { table: 'withdrawals', vault, dueSlot: undefined, number: undefined } as const;
  yield [
    { ...at, ...step, index: 0, kind: 'requested', amount: 3n, dueSlot: 90n },
    { ...at, ...step, index: 1, kind: 'paid-by-batch', amount: 3n, number: 1n },
    { ...at, ...step, index: 2, timeMs: undefined, kind: 'claimed', amount: 2n },
    { ...at, ...step, index: 3, timeMs: AUDIT_NOW_MS, kind: 'claimed', amount: 1_000n },
  ];
}
