import { existsSync } from 'node:fs';
import { address } from '@solana/kit';
import { ChainReader } from '../sequencer/chain/reader.ts';
import { call, connectRpc } from '../sequencer/chain/rpc.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { describeReport, type ReconciliationReport, reconcile, reportJson } from '../sequencer/operations/reconcile.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';

export interface ReconcileFlags {
  data: string;
  rpc: string;
  json?: boolean;
}

/**
 * `casino reconcile`: compares a ledger with the chain, writing nothing, whether its service runs or not. The report goes to standard
 * output, what went wrong to standard error. Resolves to the exit code.
 */
export async function runReconcile(flags: ReconcileFlags): Promise<number> {
  try {
    const report = await reconcileData({ dataDirectory: flags.data, rpcUrl: flags.rpc });
    process.stdout.write(`${flags.json ? JSON.stringify(reportJson(report)) : describeReport(report)}\n`);
    return report.discrepancies.length === 0 ? 0 : EXIT_FINDING;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return error instanceof CasinoError && error.retry ? EXIT_AGAIN : EXIT_USAGE;
  }
}

/**
 * Compares the ledger of a data directory with the finalized chain, all stored signatures included, over connections of its own.
 * `CONFIG_INVALID` if there is no ledger of this version, `CHAIN_MISMATCH` if it belongs to another chain, `CHAIN_UNREACHABLE`.
 */
export async function reconcileData(input: { dataDirectory: string; rpcUrl: string }): Promise<ReconciliationReport> {
  const path = dataPaths(input.dataDirectory).ledger;
  if (!existsSync(path)) throw new CasinoError('CONFIG_INVALID', `there is no ledger in ${input.dataDirectory}`);
  const read = LedgerReader.open(path);
  try {
    const { program, house, genesisHash } = identityOf(read);
    const rpc = rpcAt(input.rpcUrl);
    const shown = await call(rpc.getGenesisHash());
    if (shown !== genesisHash) {
      throw new CasinoError('CHAIN_MISMATCH', `the ledger belongs to the chain ${genesisHash}, and this is ${shown}`);
    }
    const reader = new ChainReader({ rpc, program, house, nowMs: Date.now });
    return await reconcile({ reader, read, nowMs: Date.now });
  } finally {
    read.close();
  }
}

/** The house that a ledger is bound to for ever. */
export function identityOf(read: LedgerReader) {
  const [program, house, genesisHash] = read.meta('identity')?.split('/') ?? [];
  if (!program || !house || !genesisHash) throw new CasinoError('CONFIG_INVALID', 'the ledger is bound to no house yet');
  return { program: address(program), house: address(house), genesisHash };
}

/** A node at an address; `CONFIG_INVALID` if it is none. */
export function rpcAt(url: string) {
  if (!URL.canParse(url)) throw new CasinoError('CONFIG_INVALID', `${url} is not the address of a node`);
  return connectRpc(url);
}
