import { join } from 'node:path';
import { fundHouse, type House, payHouseWithdrawal, requestHouseWithdrawal } from '../program/client/index.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { sendAndFinalize } from '../sequencer/chain/transactions.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { money } from './amounts.ts';
import { type Answer, EndEarly } from './command-end.ts';
import { confirmed } from './confirm.ts';
import { EXIT_AGAIN, EXIT_FINDING } from './exit-codes.ts';
import { freeOf, readExposure } from './house-exposure.ts';
import { authorityOf, type HouseFlags, type HousePlace, openPlace, requireSol } from './house-place.ts';
import { dueIn, houseNow, waitForSlot } from './house-slots.ts';
import { KeptTransaction } from './kept-transaction.ts';
import { Output } from './output.ts';

export interface WithdrawFlags extends HouseFlags {
  all?: boolean;
  cancel?: boolean;
  pay?: boolean;
  wait?: boolean;
}

const COMPUTE_UNITS = 60_000;
/** Between two looks at whether the rest of the bankroll covers the open bets. */
const COVER_POLL_MS = 1_000;
/** What the payer must keep beside the amount: fee and rent, in lamports. */
const PAYER_RESERVE = 1_000_000n;

const NOTHING_DONE: Answer = { code: 0, words: 'nothing was done', json: { done: false } };
const say = (text: string) => new Output(process.stderr).line(text);

/** `casino house fund`: an interrupted run is finished by the next, which sends nothing of its own if the amount is the same. */
export async function fund(amount: bigint, flags: HouseFlags): Promise<Answer> {
  const place = await openPlace(flags);
  const { rpc, program, house } = place;
  requireSol((await houseNow(place)).house);
  const payer = await authorityOf(flags);
  const kept = new KeptTransaction({ rpc, directory: join(place.data, 'operator'), name: 'fund', chain: place.genesisHash });
  const before = await kept.finish();
  if (before) {
    say(`an earlier run had sent it: ${before.note}`);
    if (before.note === noteOf(amount, house)) return funded(place, { amount, signature: before.signature, resumed: true });
  }
  const has = (await call(rpc.getBalance(payer.address, { commitment: 'confirmed' }))).value;
  if (has < amount + PAYER_RESERVE) {
    throw new EndEarly(
      EXIT_FINDING,
      `${payer.address} has ${money(has)}: too little to fund with ${money(amount)} and pay the fee`,
    );
  }
  const question = `Fund house ${house}\n  with ${money(amount)}\n  from ${payer.address}, which has ${money(has)}`;
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  const instructions = [await fundHouse({ program, payer, house, amount })];
  const signature = await kept.send({ payer, instructions, computeUnits: COMPUTE_UNITS }, noteOf(amount, house));
  return funded(place, { amount, signature, resumed: false });
}

const noteOf = (amount: bigint, house: string): string => `fund ${house} with ${amount} lamports`;

async function funded(place: HousePlace, done: { amount: bigint; signature: string; resumed: boolean }): Promise<Answer> {
  const { balance } = await place.reader.houseAt('finalized');
  const words = `funded with ${money(done.amount)}, final: ${done.signature}\nbankroll  ${money(balance)}`;
  return { code: 0, words, json: { done: true, ...done, house: place.house, bankroll: balance } };
}

/** `casino house withdraw`: the request, its withdrawal, or its payment. The chain itself keeps where it stands. */
export async function withdraw(amount: bigint | undefined, flags: WithdrawFlags): Promise<Answer> {
  const chosen = [amount !== undefined, flags.all, flags.cancel, flags.pay].filter(Boolean).length;
  if (chosen !== 1) throw new CasinoError('CONFIG_INVALID', 'say what to do: one of AMOUNT, --all, --pay, --cancel');
  const place = await openPlace(flags);
  const { house } = await houseNow(place);
  requireSol(house);
  if (flags.cancel) return cancel(place, flags);
  if (flags.pay) return pay(place, flags);
  const asked = await request(place, amount ?? house.balance, flags);
  return asked.code === 0 && flags.wait && asked !== NOTHING_DONE ? pay(place, flags) : asked;
}

async function request(place: HousePlace, amount: bigint, flags: WithdrawFlags): Promise<Answer> {
  const { house, slot } = await houseNow(place);
  const isOpen = house.requestAmount > 0n && !hasLapsed(house, slot);
  if (isOpen && house.requestAmount === amount) return requestShown(place, { again: true });
  if (amount === 0n) throw new EndEarly(EXIT_FINDING, 'the bankroll is empty: there is nothing to withdraw');
  const replaced = isOpen ? [`  instead of the open request of ${money(house.requestAmount)}: the wait begins anew`] : [];
  const more = amount > house.balance ? [`  the bankroll has ${money(house.balance)} now: no more than that is paid`] : [];
  const question = [
    `Ask for ${money(amount)} of the bankroll of house ${place.house}`,
    ...replaced,
    ...more,
    `  payable after ${house.changeDelaySlots} slots to ${house.authority}; then new bets count it as gone`,
  ].join('\n');
  const authority = await authorityOf(flags);
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  await sendRequest(place, { authority, amount });
  return requestShown(place, { again: false });
}

const hasLapsed = ({ requestSlot, exitDelaySlots }: House, slot: bigint): boolean => slot > requestSlot + exitDelaySlots;

async function sendRequest(
  { rpc, program, house }: HousePlace,
  { authority, amount }: { authority: Awaited<ReturnType<typeof authorityOf>>; amount: bigint },
): Promise<void> {
  const instructions = [requestHouseWithdrawal({ program, authority, house, amount })];
  await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
}

async function requestShown(place: HousePlace, { again }: { again: boolean }): Promise<Answer> {
  const { house, slot } = await houseNow(place);
  const { requestAmount: amount, requestSlot: payable, exitDelaySlots } = house;
  const lapses = payable + exitDelaySlots;
  const words = [
    again ? `${money(amount)} is asked for already` : `asked for ${money(amount)}`,
    `payable from ${dueIn(payable, slot)}, lapses after slot ${lapses}`,
    'then: casino house withdraw --pay',
  ].join('\n');
  return { code: 0, words, json: { done: !again, requested: amount, payable_slot: payable, lapses_after_slot: lapses, slot } };
}

async function cancel(place: HousePlace, flags: WithdrawFlags): Promise<Answer> {
  const { house } = await houseNow(place);
  if (house.requestAmount === 0n) return { code: 0, words: 'no withdrawal is open', json: { done: false } };
  const authority = await authorityOf(flags);
  if (!(await confirmed(`Withdraw the request for ${money(house.requestAmount)}`, flags))) return NOTHING_DONE;
  await sendRequest(place, { authority, amount: 0n });
  return {
    code: 0,
    words: 'the request is withdrawn; the bankroll keeps it all',
    json: { done: true, cancelled: house.requestAmount },
  };
}

/** Pays the open request, once it is due and the rest of the bankroll covers every open bet. */
async function pay(place: HousePlace, flags: WithdrawFlags): Promise<Answer> {
  const { rpc, program, house: address } = place;
  const authority = await authorityOf(flags);
  const before = await payable(place, flags);
  if (flags.wait) await waitForSlot(place, before.requestSlot);
  const { house, amount } = await covered(place, flags);
  const question = `Pay ${money(amount)} of the bankroll to ${house.authority}; ${money(house.balance - amount)} stays`;
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  // What is asked may take its time: the look that counts is the last one.
  const last = await covered(place, flags);
  const instructions = [await payHouseWithdrawal({ program, authority, house: address })];
  const signature = await sendAndFinalize(rpc, { payer: authority, instructions, computeUnits: COMPUTE_UNITS });
  const { balance } = await place.reader.houseAt('finalized');
  const words = `paid ${money(last.amount)} to ${house.authority}, final: ${signature}\nbankroll  ${money(balance)}`;
  return { code: 0, words, json: { done: true, paid: last.amount, to: house.authority, signature, bankroll: balance } };
}

/** The house with a request that can be paid now, or with `--wait` later. */
async function payable(place: HousePlace, { wait }: WithdrawFlags): Promise<House> {
  const { house, slot } = await houseNow(place);
  if (house.requestAmount === 0n) {
    throw new EndEarly(EXIT_FINDING, 'no withdrawal is open: none was asked for, it was paid, or it was withdrawn');
  }
  if (hasLapsed(house, slot)) {
    throw new EndEarly(EXIT_FINDING, `the request lapsed after slot ${house.requestSlot + house.exitDelaySlots}: ask again`);
  }
  if (slot < house.requestSlot && !wait) {
    throw new EndEarly(EXIT_AGAIN, `it can be paid from ${dueIn(house.requestSlot, slot)}`);
  }
  if (house.overdue > 0n) {
    throw new EndEarly(
      EXIT_FINDING,
      `${house.overdue} challenges are overdue: the chain pays the house nothing until they are settled`,
    );
  }
  return house;
}

/**
 * The house and what its request pays, known to leave enough for every open bet: those answered from here on count the request as gone,
 * because their service has seen that it is due. With `--wait` bets are waited for, without it too little is exit code 75.
 */
async function covered(place: HousePlace, flags: WithdrawFlags): Promise<{ house: House; amount: bigint }> {
  const output = new Output(process.stderr);
  for (;;) {
    const house = await payable(place, {} as WithdrawFlags);
    const exposure = await readExposure(place, flags);
    if (!exposure) {
      throw new CasinoError(
        'CONFIG_INVALID',
        'what open bets can cost is not known: name the service with --api, or --data with its ledger',
      );
    }
    const left = house.balance - house.reserved;
    const amount = house.requestAmount < left ? house.requestAmount : left;
    const free = freeOf(house, exposure.amount);
    const late = exposure.seenSlot < house.requestSlot;
    if (!late && amount > 0n && amount <= free) {
      output.end();
      return { house, amount };
    }
    const reason = late
      ? `the ${exposure.from} is only known to have seen slot ${exposure.seenSlot}, and the request is due since ${house.requestSlot}`
      : `${money(amount)} is asked for and ${money(free)} is free: open bets can cost ${money(exposure.amount)}`;
    if (!flags.wait) throw new EndEarly(EXIT_AGAIN, `not paid: ${reason}; bets settle with time, or ask for less`);
    output.progress(reason);
    await new Promise((resolve) => setTimeout(resolve, COVER_POLL_MS));
  }
}
