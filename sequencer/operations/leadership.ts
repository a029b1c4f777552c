import { randomBytes } from 'node:crypto';
import type { TransactionSigner } from '@solana/kit';
import { advanceEpoch, type House } from '../../program/client/index.ts';
import { bytesToInteger } from '../../protocol/field.ts';
import type { ChainReader } from '../chain/reader.ts';
import type { Leader } from '../chain/settlement-chain.ts';
import { sendAndFinalize } from '../chain/transactions.ts';
import { CasinoError } from '../errors.ts';
import type { Ledger } from '../ledger/ledger.ts';

const COMPUTE_UNITS = 20_000;
/** What an operator can do with a ledger that has missed something. */
const WAY = 'put the newest copy in place, or go on under new terms: docs/operating/recovery.md';

/**
 * Takes the lead of the house: records a fresh leader pair, advances the chain's epoch to it, and returns once the finalized house
 * shows it. `LEDGER_STALE` if the chain shows that this ledger has missed something: it must then not reveal a seed. One that is known to be
 * stale (`isStale`) leads too, to be brought up to date.
 */
export async function takeLead(options: {
  reader: ChainReader;
  ledger: Ledger;
  settler: TransactionSigner;
  isStale: boolean;
}): Promise<Leader> {
  const { reader, ledger, settler } = options;
  const house = await reader.houseAt('finalized');
  assertNodeCurrent(house, ledger);
  if (!options.isStale) assertCurrent(house, ledger);
  const leader: Leader = { epoch: house.leaderEpoch + 1n, nonce: 1n + (bytesToInteger(randomBytes(8)) % ((1n << 64n) - 1n)) };
  await ledger.commit([{ kind: 'leader', leader: { ...leader, finalized: false } }]);
  const { program, house: address } = reader;
  const step = { program, leader: settler, house: address, from: house.leaderEpoch, to: leader.epoch, nonce: leader.nonce };
  await sendAndFinalize(reader.rpc, { payer: settler, instructions: [advanceEpoch(step)], computeUnits: COMPUTE_UNITS });
  const after = await reader.houseAt('finalized');
  if (after.leaderEpoch !== leader.epoch || after.leaderNonce !== leader.nonce) {
    throw new CasinoError('NOT_LEADING', 'another process took the lead of the house');
  }
  await ledger.commit([{ kind: 'leader', leader: { ...leader, finalized: true } }]);
  return leader;
}

const lastFinalEpoch = (ledger: Ledger): bigint => ledger.read.leaders().findLast(({ finalized }) => finalized)?.epoch ?? 0n;

/** A chain that shows an earlier leader pair than a final one is seen through a node that is behind: that says nothing of the ledger. */
function assertNodeCurrent(house: House, ledger: Ledger): void {
  const lastFinalized = lastFinalEpoch(ledger);
  if (house.leaderEpoch >= lastFinalized) return;
  const seen = `it shows leader epoch ${house.leaderEpoch}, and ${lastFinalized} was final once`;
  throw new CasinoError('CHAIN_UNREACHABLE', `the node is behind: ${seen}`);
}

/** A ledger is current if the chain shows a leader pair that it recorded at or after its last finalized one, and no batch it lacks. */
function assertCurrent(house: House, ledger: Ledger): void {
  const recorded = ledger.read.leaders();
  const lastFinalized = lastFinalEpoch(ledger);
  const fresh = house.leaderEpoch === 0n && lastFinalized === 0n;
  const known = recorded.some(
    (leader) => leader.epoch >= lastFinalized && leader.epoch === house.leaderEpoch && leader.nonce === house.leaderNonce,
  );
  if (!fresh && !known) {
    throw new CasinoError(
      'LEDGER_STALE',
      `the house has been led with another ledger since; this one must not take bets under these terms; ${WAY}`,
    );
  }
  const lastBatch = ledger.read.lastBatchNumber();
  if (house.lastBatch > lastBatch) {
    throw new CasinoError(
      'LEDGER_STALE',
      `the chain has settled batch ${house.lastBatch}, the ledger ends at ${lastBatch}; ${WAY}`,
    );
  }
}
