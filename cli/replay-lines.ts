import { toHex } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import type { CheckedBet, CheckedRun } from '../verifier/blob-check.ts';
import type { ReplayedCall } from '../verifier/replay.ts';
import { inSol } from './amounts.ts';

type Fields = Record<string, unknown>;

const side = (bit: number): 'heads' | 'tails' => (bit === 1 ? 'heads' : 'tails');
const signed = (amount: bigint): string => `${amount >= 0n ? '+' : ''}${inSol(amount)}`;

/** A call for people: its place and what it did. Amounts as SOL. */
export function callLines(call: ReplayedCall, { bets }: { bets: boolean }): string[] {
  const runs = bets ? (call.batch?.runs ?? []) : [];
  return [
    `${placeOf(call)}  ${whatOf(call)}`,
    ...runs.flatMap((run) => run.bets.map((bet) => `    ${run.vault}  ${betText(bet)}`)),
  ];
}

/** When there is no time, as on some nodes, the slot alone. */
function placeOf({ slot, blockTimeMs }: ReplayedCall): string {
  const time = blockTimeMs === undefined ? '' : `  ${new Date(blockTimeMs).toISOString().slice(0, 19)}Z`;
  return `${slot}${time}`;
}

function whatOf(call: ReplayedCall): string {
  const { instruction, event, batch } = call;
  if (instruction.name === 'settle_batch')
    return batch ? batchText(batch) : `batch ${instruction.batchNumber}: could not be checked`;
  if (event?.name === 'TransfersSettled') {
    const parts = event.transfers.map(({ vault, consumed, paid }) => `${vault} credited ${inSol(consumed)}, paid ${inSol(paid)}`);
    return `transfers ${event.transferNumber}: ${parts.join('; ')}`;
  }
  const fields = fieldsOf(call);
  const told = Object.entries(fields).filter(([name]) => !UNTOLD.has(name));
  const words = told.map(
    ([name, value]) => `${name.replaceAll('_', ' ')} ${AMOUNTS.has(name) ? `${inSol(BigInt(String(value)))} SOL` : value}`,
  );
  return `${instruction.name.replaceAll('_', ' ')}: ${words.join(', ')}`;
}

/** Of no use to a reader: `--json` has them. */
const UNTOLD = new Set([
  'house',
  'genesis_hash',
  'key',
  'account',
  'minimum',
  'vrf_commitment',
  'session_key_hash',
  'account_id',
]);
const AMOUNTS = new Set(['amount', 'minimum', 'reserved']);

function batchText({ event, proofVerified, blob }: NonNullable<ReplayedCall['batch']>): string {
  const { batchNumber, outcomes, houseBalanceAfter } = event;
  const heads = outcomes.filter((bit) => bit === 1).length;
  const gained = event.runs.reduce((sum, run) => sum + run.after - run.start, 0n);
  const paid = event.runs.reduce((sum, run) => sum + run.paid, 0n);
  const parts = [
    `${outcomes.length} bets of ${event.runs.length} vaults, ${heads} heads`,
    `house ${signed(-gained)} to ${inSol(houseBalanceAfter)} SOL`,
    ...(paid > 0n ? [`${inSol(paid)} paid out`] : []),
    proofVerified ? 'proof holds' : 'PROOF DOES NOT HOLD',
    blob === 'whole' ? 'bets recomputed' : `BLOB ${blob.toUpperCase()}`,
  ];
  return `batch ${batchNumber}: ${parts.join(', ')}`;
}

function betText({ betNumber, stakeUnits, choice, outcome, balanceAfter, delta }: CheckedBet): string {
  const result = delta >= 0n ? `won ${inSol(delta)}` : `lost ${inSol(-delta)}`;
  return `bet ${betNumber}: ${inSol(stakeUnits * STAKE_UNIT)} SOL on ${side(choice)}: ${side(outcome)}, ${result}; ${inSol(balanceAfter)} left`;
}

/** A call for programs. */
export function callJson(call: ReplayedCall, { bets }: { bets: boolean }): Fields {
  const { signature, slot, blockTimeMs, instruction, batch } = call;
  const at = { slot: `${slot}`, time: blockTimeMs ?? null, signature, instruction: instruction.name };
  if (!batch) return { ...at, ...fieldsOf(call) };
  const { event, proofVerified, blob, runs } = batch;
  return {
    ...at,
    ...(plain({ ...event, name: undefined, outcomes: event.outcomes.map(side) }) as Fields),
    ...{ proof_verified: proofVerified, blob },
    ...(bets ? { bets: runs.flatMap((run) => run.bets.map((bet) => betJson(run, bet))) } : {}),
  };
}

function betJson({ vault }: CheckedRun, { betNumber, stakeUnits, choice, outcome, balanceAfter, delta }: CheckedBet): Fields {
  return {
    ...{ vault, nonce: `${betNumber}`, amount: `${stakeUnits * STAKE_UNIT}`, guess: side(choice), outcome: side(outcome) },
    ...{ delta: `${delta}`, balance: `${balanceAfter}` },
  };
}

/** What a call was about: its event's fields, else its instruction's. */
function fieldsOf({ event, instruction }: ReplayedCall): Fields {
  return plain({ ...instruction, ...event, name: undefined }) as Fields;
}

/** Values as JSON has them here: names in snake_case, amounts as decimal strings, bytes as hex. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return toHex(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  return Object.fromEntries(
    entries.map(([name, inner]) => [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), plain(inner)]),
  );
}

/** One owner's part of a call: each bet, and each movement of money, with what the vault has afterwards. */
export function statementLines(call: ReplayedCall, owner: string): string[] {
  return entriesOf(call, owner).map(({ what, bet, amount, balance, claimable }) => {
    const after = `${inSol(balance)} SOL in the vault${claimable > 0n ? `, ${inSol(claimable)} to be claimed` : ''}`;
    return `${placeOf(call)}  ${bet ? betText(bet) : `${what}${amount === undefined ? '' : ` ${inSol(amount)} SOL`}; ${after}`}`;
  });
}

export function statementJson(call: ReplayedCall, owner: string): Fields[] {
  const { signature, slot, blockTimeMs } = call;
  return entriesOf(call, owner).map(({ what, run, bet, amount, balance, claimable }) => ({
    ...{ slot: `${slot}`, time: blockTimeMs ?? null, signature, what },
    ...(bet && run
      ? betJson(run, bet)
      : { amount: amount?.toString() ?? null, balance: `${balance}`, claimable: `${claimable}` }),
  }));
}

interface StatementEntry {
  what: string;
  run?: CheckedRun;
  bet?: CheckedBet;
  amount?: bigint | undefined;
  /** Pending deposits included. */
  balance: bigint;
  claimable: bigint;
}

function entriesOf(call: ReplayedCall, owner: string): StatementEntry[] {
  return call.vaults
    .filter(({ vault }) => vault.owner === owner)
    .flatMap(({ address, vault }) => {
      const left = { balance: vault.balance + vault.pendingDeposit, claimable: vault.claimable };
      return movements(call, address).map((movement) => ({ ...left, ...movement }));
    });
}

function movements(call: ReplayedCall, address: string): Omit<StatementEntry, 'balance' | 'claimable'>[] {
  const { event, batch, instruction } = call;
  if (instruction.name === 'settle_batch') {
    const settled = batch?.event.runs.find(({ vault }) => vault === address);
    const run = batch?.runs.find(({ vault }) => vault === address);
    if (!settled) return [];
    const bets = run?.bets.map((bet) => ({ what: 'bet', run, bet })) ?? [];
    const unknown = { what: `${settled.betCount} bets whose blob is missing, in all`, amount: settled.after - settled.start };
    const paid = settled.paid > 0n ? [{ what: 'withdrawal paid', amount: settled.paid }] : [];
    return [...(run ? bets : [unknown]), ...paid];
  }
  if (event?.name === 'TransfersSettled') {
    const mine = event.transfers.find(({ vault }) => vault === address);
    const credited = mine && mine.consumed > 0n ? [{ what: 'deposit credited', amount: mine.consumed }] : [];
    return mine && mine.paid > 0n ? [...credited, { what: 'withdrawal paid', amount: mine.paid }] : credited;
  }
  const amount = event && 'amount' in event ? event.amount : undefined;
  return [{ what: instruction.name.replaceAll('_', ' '), amount }];
}
