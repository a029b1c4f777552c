import { compareBytes, toHex } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { VaultBook } from '../sequencer/admission/book.ts';
import type { VaultState } from '../sequencer/admission/vault-state.ts';
import type { LedgerPort } from '../sequencer/ledger/ledger.ts';
import type { LedgerEntry } from '../sequencer/ledger/records.ts';
import type { HeldReceipt, SimulatedBettor } from './bettor.ts';
import type { ModelEvent } from './model/instructions.ts';
import { DOMAIN, FIRST_BALANCE, HOUSE, type Person, TERMS_BOOK } from './people.ts';
import type { World } from './world.ts';

/** Whether all that is owed is done: bets answered and settled, requests paid, the process up and idle. */
export function isQuiet(world: World): boolean {
  const vaults = world.bettors.map(({ person }) => world.vault(person.vault));
  if (world.usurped) return vaults.every(({ frozen, claimable }) => frozen && claimable === 0n);
  const { running } = world;
  if (!running || running.unfinished.all.length > 0 || running.ledger.backlog > 0) return false;
  return world.bettors.every((bettor) => {
    const { frozen, lastBet, requestAmount } = world.vault(bettor.person.vault);
    const known = running.book.byOwner(bettor.person.owner);
    if (known?.quarantine) return false;
    if (frozen) return known?.finalized.frozen === true;
    const seen = known !== undefined && known.openBets.length === 0 && known.finalized.requestAmount === 0n;
    return seen && !bettor.pending && requestAmount === 0n && lastBet === BigInt(bettor.receipts.size);
  });
}

/** What is not done yet, for a run that should have come to rest. */
export function unrest(world: World): string {
  const vaults = world.bettors.map((bettor) => {
    const { frozen, lastBet, requestAmount } = world.vault(bettor.person.vault);
    const state = `bet ${lastBet} of ${bettor.receipts.size} settled, ${bettor.pending ? 'one unanswered' : 'all answered'}`;
    return `${bettor.person.name}: ${frozen ? 'frozen' : state}${requestAmount > 0n ? `, ${requestAmount} requested` : ''}`;
  });
  const { running } = world;
  const batches = running?.unfinished.all.map(({ batchNumber, state }) => `batch ${batchNumber} is ${state}`) ?? ['not running'];
  const deaths = [...world.deaths].map(([reason, times]) => `${times} x ${reason}`);
  return [
    ...(world.usurped ? ['another process leads'] : []),
    ...vaults,
    ...batches,
    ...(running?.settlement.problems ?? []),
    ...deaths,
  ].join('; ');
}

/** Checks what must hold at the end of every run. */
export async function check(world: World): Promise<string[]> {
  const problems: string[] = [];
  const events = [...world.chain.history('finalized')].flatMap((landed) => landed.events);
  for (const bettor of world.bettors) {
    checkSettlement(world, bettor, { events, problems });
    checkMoney(world, bettor, { events, problems });
    checkLedger(world, bettor, problems);
  }
  checkBatches(world, { events, problems });
  if (!world.usurped) problems.push(...(await rebuilt(world)));
  return problems;
}

interface Findings {
  events: readonly ModelEvent[];
  problems: string[];
}

/** Every receipt's bet is settled exactly once and in order, with its outcome, or voided by its own vault's forced exit. */
function checkSettlement(world: World, { person, receipts }: SimulatedBettor, { events, problems }: Findings): void {
  let through = 0n;
  for (const event of events) {
    if (event.name !== 'BatchSettled') continue;
    let row = 0;
    for (const run of event.runs) {
      const outcomes = event.outcomes.slice(row, row + run.betCount);
      row += run.betCount;
      if (run.vault !== person.vault) continue;
      if (run.firstBet !== through + 1n) problems.push(`${person.name}'s bet ${run.firstBet} is settled after bet ${through}`);
      through = run.firstBet + BigInt(run.betCount) - 1n;
      checkRun({ ...run, outcomes, receipts, name: person.name }, problems);
    }
  }
  const isEnded = endOf(world, person, { through, problems });
  for (const betNumber of receipts.keys()) {
    if (betNumber > through && !isEnded(betNumber))
      problems.push(`${person.name} holds a receipt for bet ${betNumber}, which is neither settled nor voided`);
  }
}

/**
 * Says which bets a vault's forced exit has ended: by the ledger, which must have voided all that it holds beyond the last settled one and
 * nothing else. With another process in the lead nobody writes that down any more, and the exit alone tells.
 */
function endOf(world: World, person: Person, { through, problems }: { through: bigint; problems: string[] }) {
  const { frozen } = world.vault(person.vault);
  if (world.usurped) return () => frozen;
  const voided = world.disk.read.voided(person.vaultBytes);
  if (!voided) return () => false;
  if (!frozen) problems.push(`${person.name}'s bets are voided, and the vault is open`);
  const last = world.disk.read.vault(person.vaultBytes)?.lastBet;
  if (voided.fromBet !== through + 1n || voided.throughBet !== last) {
    problems.push(`${person.name}'s bets ${voided.fromBet} to ${voided.throughBet} are voided, of ${through + 1n} to ${last}`);
  }
  return (betNumber: bigint) => voided.fromBet <= betNumber && betNumber <= voided.throughBet;
}

const deltaOf = ({ payout, stake }: HeldReceipt): bigint => payout - stake;

function checkRun(
  run: {
    start: bigint;
    after: bigint;
    firstBet: bigint;
    outcomes: readonly (0 | 1)[];
    receipts: ReadonlyMap<bigint, HeldReceipt>;
    name: string;
  },
  problems: string[],
): void {
  const held = run.outcomes.map((_, offset) => run.receipts.get(run.firstBet + BigInt(offset)));
  for (const [offset, receipt] of held.entries()) {
    if (receipt && receipt.outcome !== run.outcomes[offset])
      problems.push(`${run.name}'s bet ${receipt.betNumber} is settled otherwise`);
  }
  // A bettor that left by force may lack the answer to its last settled bet.
  if (held.some((receipt) => !receipt)) return;
  const after = held.reduce((sum, receipt) => sum + deltaOf(receipt as HeldReceipt), run.start);
  if (after !== run.after) problems.push(`${run.name} has ${run.after} after bet ${run.firstBet}, by its receipts ${after}`);
}

/** What a vault holds is what was paid in, less what was paid out, and the deltas of its settled receipts. */
function checkMoney(world: World, { person, receipts }: SimulatedBettor, { events, problems }: Findings): void {
  const vault = world.vault(person.vault);
  let held = FIRST_BALANCE;
  for (const event of events) {
    if (event.name === 'BatchSettled' || event.vault !== person.vault) continue;
    held += event.name === 'Deposited' ? event.amount : -event.amount;
  }
  const settled = [...receipts.values()].filter(({ betNumber }) => betNumber <= vault.lastBet);
  if (BigInt(settled.length) !== vault.lastBet) {
    if (!vault.frozen && !world.usurped)
      problems.push(`${person.name} has ${settled.length} receipts for ${vault.lastBet} settled bets`);
    return;
  }
  for (const receipt of settled) held += deltaOf(receipt);
  const found = vault.balance + vault.pendingDeposit;
  if (found !== held) problems.push(`${person.name}'s vault holds ${found}, by receipts and transfers ${held}`);
}

/** The ledger has every acknowledged bet, with the receipt that was given. */
function checkLedger(world: World, { person, receipts }: SimulatedBettor, problems: string[]): void {
  for (const [betNumber, receipt] of receipts) {
    const bet = world.disk.read.bet(person.vaultBytes, betNumber);
    if (!bet) problems.push(`${person.name}'s bet ${betNumber} is not in the ledger`);
    else if (compareBytes(bet.receiptSignature, receipt.signature) !== 0 || bet.stakeUnits * STAKE_UNIT !== receipt.stake) {
      problems.push(`${person.name}'s bet ${betNumber} is another one in the ledger`);
    }
  }
}

/** Every settled batch is the ledger's of that number, final there as well, and its blob is kept. */
function checkBatches(world: World, { events, problems }: Findings): void {
  for (const event of events) {
    if (event.name !== 'BatchSettled') continue;
    const { batchNumber, blobHash } = event;
    if (!world.disk.blobs.has(toHex(blobHash))) problems.push(`the blob of batch ${batchNumber} is missing`);
    const batch = world.disk.read.batch(batchNumber);
    if (!batch) problems.push(`batch ${batchNumber} is settled and not in the ledger`);
    else if (compareBytes(batch.blobHash, blobHash) !== 0) problems.push(`batch ${batchNumber} was settled with another blob`);
    else if (batch.state !== 'Finalized' && !world.usurped)
      problems.push(`batch ${batchNumber} is settled, the ledger says ${batch.state}`);
  }
}

/** Compares what memory holds with a book built anew from the ledger. */
async function rebuilt(world: World): Promise<string[]> {
  const running = world.running?.book;
  if (!running?.view) return ['no sequencer runs'];
  const problems: string[] = [];
  const commit = async (entries: readonly LedgerEntry[]) => {
    for (const { kind } of entries) problems.push(`the ledger lacks an entry '${kind}'`);
  };
  const ledger: LedgerPort = { read: world.disk.read, backlog: 0, commit };
  const book = new VaultBook({ ledger, terms: TERMS_BOOK, domain: DOMAIN, house: HOUSE });
  await book.observe(running.view);
  const same = (what: string, memory: unknown, disk: unknown) => {
    if (memory !== disk) problems.push(`${what} is ${memory} in memory, ${disk} by the ledger`);
  };
  same('exposure', running.exposure, book.exposure);
  same('number of open bets', running.openBets, book.openBets);
  if (running.exposure !== 0n || running.openBets !== 0) {
    problems.push(`at rest ${running.openBets} bets are open, for ${running.exposure}`);
  }
  const waiting = world.disk.read.waitingBets();
  if (waiting > 0) problems.push(`at rest ${waiting} bets wait for a batch by the ledger`);
  for (const { person } of world.bettors) {
    const [memory, disk] = [running.byOwner(person.owner), book.byOwner(person.owner)];
    if (!memory || !disk) problems.push(`${person.name}'s vault is unknown`);
    else for (const [what, value] of facts(memory)) same(`${person.name}'s ${what}`, value, facts(disk).get(what));
    if (!memory) continue;
    const { balance, pendingDeposit } = memory.finalized;
    if (memory.available !== balance + pendingDeposit) {
      problems.push(`${person.name} could stake ${memory.available}, the vault holds ${balance + pendingDeposit}`);
    }
  }
  return problems;
}

function facts(state: VaultState): Map<string, unknown> {
  return new Map<string, unknown>([
    ['balance', state.available],
    ['last bet', state.lastBet],
    ['head', state.head],
    ['sum of deltas', state.cumulativeDelta],
    ['last final bet', state.finalizedThrough],
    ['open bets', state.openBets.map(({ bet }) => bet.betNumber).join()],
    ['voided bets', state.voided && `${state.voided.fromBet} to ${state.voided.throughBet}`],
    ['quarantine', state.quarantine?.firstBet],
    ['refusals', [...state.refusals.keys()].sort().join()],
  ]);
}
