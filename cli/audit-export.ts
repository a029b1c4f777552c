import { existsSync } from 'node:fs';
import { address } from '@solana/kit';
import { ReceiptSigner } from '../sequencer/admission/signer.ts';
import { type ExportInput, exportAudit, SETTLED_AFTER_MS } from '../sequencer/audit/export.ts';
import type { FormatName } from '../sequencer/audit/format.ts';
import type { ManifestInput } from '../sequencer/audit/manifest.ts';
import { ledgerSources } from '../sequencer/audit/sources.ts';
import { ChainReader } from '../sequencer/chain/reader.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { readReceiptKey } from '../sequencer/operations/keys.ts';
import { readHistory } from '../verifier/history.ts';
import { connectChain } from '../verifier/rpc.ts';
import { chainRecords, wholeHistory } from './audit-history.ts';
import { identityOf, rpcAt } from './reconcile.ts';

export interface AuditExportOptions {
  dataDirectory: string;
  out: string;
  format: FormatName;
  /** Ms since the epoch; undefined: from the beginning, and to the last moment that can be exported. */
  fromMs: number | undefined;
  toMs: number | undefined;
  /** The chain's JSON-RPC address; undefined: without what only the chain knows. */
  rpcUrl: string | undefined;
  /** Whether the export may stay without a signature. */
  unsigned: boolean;
  nowMs(): number;
  /** `total` undefined: not known. */
  onProgress(progress: { label: string; done: number; total: number | undefined }): void;
}

/**
 * Writes the audit export of a data directory, whether its service runs or not. `CONFIG_INVALID`, `CHAIN_MISMATCH` if the chain or the
 * receipt key is another house's, `CHAIN_UNREACHABLE`, also while the finalized chain has not come to the end of the range; what
 * `exportAudit` and the verifier's `readHistory` throw.
 */
export async function exportData(options: AuditExportOptions): Promise<ManifestInput> {
  const { dataDirectory, nowMs } = options;
  const paths = dataPaths(dataDirectory);
  if (!existsSync(paths.ledger)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${dataDirectory}`);
  const range = { fromMs: options.fromMs ?? 0, toMs: options.toMs ?? nowMs() - SETTLED_AFTER_MS };
  const read = LedgerReader.open(paths.ledger);
  try {
    const identity = identityOf(read);
    const key = signingKey(paths.keys, options.unsigned);
    const chain =
      options.rpcUrl === undefined ? undefined : await chainPart(options.rpcUrl, { identity, range, key, read, options });
    const bets = read.betCount();
    return await exportAudit({
      out: options.out,
      format: options.format,
      range,
      identity,
      read,
      sources: ledgerSources(read),
      chain,
      key,
      nowMs,
      onProgress: ({ source, rows }) => {
        if (source !== 'chain') options.onProgress({ label: source, done: rows, total: source === 'bets' ? bets : undefined });
      },
    });
  } finally {
    read.close();
  }
}

function signingKey(directory: string, unsigned: boolean): ExportInput['key'] {
  const found = unsigned ? undefined : readReceiptKey(directory);
  if (found) return { signer: new ReceiptSigner(found.receiptSeed), receiptKey: found.receiptKey };
  if (unsigned) return undefined;
  const way = 'export where the key is, or use --unsigned for an export that nobody vouches for';
  throw new CasinoError('CONFIG_INVALID', `the receipt key is not in ${directory}: ${way}`);
}

interface ChainPart {
  identity: ReturnType<typeof identityOf>;
  range: ExportInput['range'];
  key: ExportInput['key'];
  read: LedgerReader;
  options: AuditExportOptions;
}

async function chainPart(url: string, { identity, range, key, read, options }: ChainPart): Promise<ExportInput['chain']> {
  const { program, house, genesisHash } = identity;
  const rpc = rpcAt(url);
  const shown = await call(rpc.getGenesisHash());
  if (shown !== genesisHash) {
    throw new CasinoError('CHAIN_MISMATCH', `the ledger belongs to the chain ${genesisHash}, and this is ${shown}`);
  }
  const account = await new ChainReader({ rpc, program, house, nowMs: options.nowMs }).houseAt('finalized');
  if (key && addressOf(key.receiptKey) !== addressOf(account.receiptKey)) {
    throw new CasinoError('CHAIN_MISMATCH', `the receipt key ${addressOf(key.receiptKey)} is not the house's on chain`);
  }
  const lastBatch = read.lastFinalized()?.batchNumber ?? 0n;
  const slot = await call(rpc.getSlot({ commitment: 'finalized' }));
  const reachedMs = 1_000 * Number((await call(rpc.getBlockTime(slot))) ?? 0);
  if (reachedMs < range.toMs) {
    const [reached, asked] = [reachedMs, range.toMs].map((timeMs) => new Date(timeMs).toISOString());
    throw new CasinoError('CHAIN_UNREACHABLE', `the finalized chain has come to ${reached}, the range ends at ${asked}`);
  }
  let total: number | undefined;
  const history = readHistory({
    rpc: connectChain({ url }),
    program,
    house: address(house),
    onListed: (count) => (total = count),
  });
  const onRead = (done: number) => options.onProgress({ label: 'transactions', done, total });
  const whole = wholeHistory(counted(history, onRead), lastBatch);
  return { records: chainRecords(whole), slot };
}

async function* counted<T>(items: AsyncIterable<T>, onRead: (count: number) => void): AsyncGenerator<T> {
  let count = 0;
  for await (const item of items) {
    yield item;
    count += 1;
    onRead(count);
  }
}
