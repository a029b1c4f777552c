import type { Address, TransactionSigner } from '@solana/kit';
import { SYSTEM_PROGRAM_ADDRESS } from '@solana-program/system';
import { type SettleRun, settleBatchAt, termsAddress, verifyingKeyAddress } from '../../program/client/index.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { RunRecord } from '../ledger/records.ts';
import type { PacketLimit } from '../settlement/packet-limit.ts';
import type { BatchShape } from '../settlement/planner.ts';
import type { LookupTables } from './lookup-tables.ts';
import { fitsPacket } from './transactions.ts';

/** Compute units asked for: what a batch with one vault costs, and what each further one adds, with room to spare. */
const BASE_COMPUTE_UNITS = 160_000;
const COMPUTE_UNITS_PER_VAULT = 12_000;

export function batchComputeUnits(vaultCount: number): number {
  return BASE_COMPUTE_UNITS + COMPUTE_UNITS_PER_VAULT * vaultCount;
}

/** A batch's runs as the instruction has them. */
export function settleRuns(runs: readonly RunRecord[]): SettleRun[] {
  return runs.map(({ vault, keySlot, betCount, after, consume, payRequest }) => ({
    vault: addressOf(vault),
    keySlot,
    betCount,
    after,
    consume,
    pay: payRequest,
  }));
}

/** Accounts of a house that its batches name beside the vaults. */
export interface BatchAccounts {
  house: Address;
  /** By terms id. */
  terms: ReadonlyMap<number, Address>;
  /** By the verifying key's number. */
  verifyingKeys: ReadonlyMap<number, Address>;
}

export async function deriveBatchAccounts(input: {
  program: Address;
  house: Address;
  termsIds: readonly number[];
  vkIds: readonly number[];
}): Promise<BatchAccounts> {
  const { program, house, termsIds, vkIds } = input;
  const byId = async (ids: readonly number[], derive: (id: number) => Promise<Address>) =>
    new Map(await Promise.all(ids.map(async (id) => [id, await derive(id)] as const)));
  return {
    house,
    terms: await byId(termsIds, (id) => termsAddress({ program, house, id })),
    verifyingKeys: await byId(vkIds, (id) => verifyingKeyAddress({ program, house, id })),
  };
}

/** Whether batches fit a packet: compiles the very message that would be signed, with zeros for what is not known yet. */
export class BatchPacketLimit implements PacketLimit {
  readonly #o: { program: Address; settler: TransactionSigner; accounts: BatchAccounts; tables: LookupTables };

  constructor(options: { program: Address; settler: TransactionSigner; accounts: BatchAccounts; tables: LookupTables }) {
    this.#o = options;
  }

  fits({ size, termsId, runs }: BatchShape): boolean {
    const { program, settler, accounts, tables } = this.#o;
    // Terms opened since the start are in no table yet; an address that the transaction has nowhere else takes as much room.
    const terms = accounts.terms.get(termsId) ?? SYSTEM_PROGRAM_ADDRESS;
    const verifyingKey = accounts.verifyingKeys.get(size.vkId);
    if (!verifyingKey) return false;
    const zeros = { batchNumber: 0n, leaderEpoch: 0n, leaderNonce: 0n, blobHash: new Uint8Array(32), proof: new Uint8Array(128) };
    const instruction = settleBatchAt(
      {
        program,
        settler,
        house: accounts.house,
        termsId,
        verifyingKeyId: size.vkId,
        maxBets: size.maxBets,
        outcomes: [],
        runs: settleRuns(runs),
        ...zeros,
      },
      { terms, verifyingKey },
    );
    const transaction = { payer: settler, instructions: [instruction], computeUnits: batchComputeUnits(runs.length) };
    return fitsPacket(transaction, (named) => tables.known(named));
  }

  crowded(vaults: readonly Uint8Array[]): void {
    this.#o.tables.want(vaults.map(addressOf));
  }
}
