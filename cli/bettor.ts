import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { lamports } from '@solana/kit';
import type { BetResult } from '../client/bet-run.ts';
import type { CasinoClient } from '../client/client.ts';
import { CasinoApiError, ClientError } from '../client/errors.ts';
import { deposit as depositInstruction } from '../program/client/index.ts';
import { decodeReceipt } from '../protocol/messages.ts';
import { receiptFileText } from '../protocol/receipt-file.ts';
import { call } from '../sequencer/chain/rpc.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { writeFileDurably } from '../sequencer/operations/files.ts';
import { amountOf, inSol, money } from './amounts.ts';
import { type BettorFlags, type BettorPlace, walletOf, withBettor } from './bettor-place.ts';
import { type Answer, EndEarly } from './command-end.ts';
import { confirmed } from './confirm.ts';
import { EXIT_AGAIN, EXIT_FINDING } from './exit-codes.ts';
import { KeptTransaction } from './kept-transaction.ts';
import { Output } from './output.ts';
import { rpcAt } from './reconcile.ts';
import { askService } from './service-answer.ts';

export interface BetFlags extends BettorFlags {
  count: number;
  wait?: boolean;
}

/** Bet numbers that one history goes through, with a receipt or without. */
const MAX_LOOKS = 10_000n;
const COMPUTE_UNITS = 60_000;
const CHAIN_TIMEOUT_MS = 120_000;
const POLL_MS = 250;
/** What the wallet needs beside a deposit: the rent of a vault, and fees, in lamports. */
const WALLET_RESERVE = 5_000_000n;
const OWNER_ONLY = 0o600;
const NOTHING_DONE: Answer = { code: 0, words: 'nothing was done', json: { done: false } };

/** `casino bet`: prints each bet as it is answered, the last line being what is left. Throws as `CasinoClient.bet` does. */
export function bet(input: { amount: bigint; side: 'heads' | 'tails' }, flags: BetFlags): Promise<Answer> {
  return withBettor(flags, async (place) => {
    const { client } = place;
    await ready(place, { amount: input.amount, flags });
    const bets: object[] = [];
    const told = async (result: BetResult) => {
      bets.push(await tell(place, { result, flags }));
    };
    // Bets of an interrupted run have been signed, and cannot be taken back: they are among these if they are the same.
    const earlier = await client.resume();
    if (earlier.length > 0) process.stderr.write('an interrupted run had signed bets; here are their answers\n');
    for (const result of earlier) await told(result);
    const same = earlier.filter((result) => result.stake === input.amount && guessOf(result) === input.side).length;
    for (let placed = same; placed < flags.count; placed += 1) await told(await betOnce(client, input));
    const { available } = await client.balance();
    return { code: 0, words: `balance   ${money(available)}`, json: { bets, balance: available } };
  });
}

const guessOf = ({ outcome, won }: BetResult): 'heads' | 'tails' => (won === (outcome === 'heads') ? 'heads' : 'tails');

/** A busy service is asked again for as long as the client's own limit says. */
async function betOnce(client: CasinoClient, { amount, side }: { amount: bigint; side: 'heads' | 'tails' }): Promise<BetResult> {
  try {
    return await client.bet({ amount, guess: side });
  } catch (error) {
    if (error instanceof CasinoApiError && error.retry) {
      throw new EndEarly(EXIT_AGAIN, `${error.message}; the bet is signed: the same command sends it again`);
    }
    throw error;
  }
}

/** Shows a bet, keeps its receipt file, and waits for its settlement if that is asked for. */
async function tell(place: BettorPlace, { result, flags }: { result: BetResult; flags: BetFlags }): Promise<object> {
  const { client } = place;
  const { betNumber, outcome, won, stake, payout, balanceAfter, head, ackMs } = result;
  const path = await keepReceipt(place, betNumber, flags);
  const verify = `npx casino verify bet ${path} --rpc ${flags.rpc} --blobs ${flags.api}/v1/blobs --house ${client.house.house}`;
  const words = [
    `bet ${betNumber}     ${inSol(stake)} SOL on ${guessOf(result)}: ${outcome.toUpperCase()}, ${won ? `you won: ${money(payout)} come back` : 'you lost'}`,
    `checked   the house's signature, its seed and the flip, ${ackMs.toFixed(0)} ms after the bet was sent`,
    `receipt   ${path}`,
    `verify    ${verify}${flags.wait ? '' : '  (once it is settled)'}`,
  ];
  if (!flags.json) process.stdout.write(`${words.join('\n')}\n`);
  const settled = flags.wait ? await settlement(client, head) : undefined;
  if (settled && !flags.json) process.stdout.write(`settled   batch ${settled.batchNumber}, ${settled.signature}\n`);
  const json = {
    ...{ bet_id: head, nonce: betNumber, amount: stake, guess: guessOf(result), outcome, won, payout, balance: balanceAfter },
    ...{ receipt: path, verify, batch: settled?.batchNumber ?? null, l1_signature: settled?.signature ?? null },
  };
  return json;
}

async function settlement(client: CasinoClient, head: string) {
  const output = new Output(process.stderr);
  const wait = { until: 'Finalized' as const, timeoutMs: CHAIN_TIMEOUT_MS };
  const status = await client.waitForBet(head, {
    ...wait,
    onState: (state) => output.progress(`the bet is ${state.toString()}`),
  });
  output.end();
  return status;
}

async function keepReceipt({ client }: BettorPlace, betNumber: bigint, { store }: BettorFlags): Promise<string> {
  const directory = join(store, 'receipt-files');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, `${client.vaultAddress}-${betNumber}.json`);
  writeFileDurably(path, new TextEncoder().encode(receiptFileText(await client.receiptFile(betNumber))), OWNER_ONLY);
  return path;
}

/** Opens the vault and pays in what `--deposit` says, if the balance does not do. */
async function ready(place: BettorPlace, { amount, flags }: { amount: bigint; flags: BetFlags }): Promise<void> {
  const { client } = place;
  const { count } = flags;
  const isOpen = (await client.vault('confirmed')) !== undefined;
  const wish = flags.deposit === undefined ? undefined : amountOf(flags.deposit);
  if (!isOpen && wish === undefined) {
    throw new EndEarly(EXIT_FINDING, 'your wallet has no vault in this house yet: say how much to pay in, with --deposit AMOUNT');
  }
  await opened(place);
  const { available } = await client.balance();
  if (wish !== undefined && available < amount * BigInt(count)) await payIn(place, { amount: wish, flags });
  else if (available < amount) {
    throw new EndEarly(
      EXIT_FINDING,
      `your balance is ${money(available)}, the stake ${money(amount)}: pay in with --deposit AMOUNT`,
    );
  }
}

/** The service looks at the chain now and then: it may know a fresh vault a moment later. */
async function opened({ client, wallet }: BettorPlace): Promise<void> {
  const output = new Output(process.stderr);
  const onProgress = (stage: string) => {
    // An open one is found final at once: nothing to tell.
    if (stage !== 'finalized') output.progress(`opening the vault: ${stage}`);
  };
  await client.openVault({ timeoutMs: CHAIN_TIMEOUT_MS, onProgress });
  for (const endMs = Date.now() + CHAIN_TIMEOUT_MS; Date.now() < endMs; await pause()) {
    try {
      await client.balance();
      return output.end();
    } catch (error) {
      if (!(error instanceof CasinoApiError) || error.code !== 'UNKNOWN_VAULT') throw error;
    }
  }
  throw new ClientError('TIMEOUT', `the service does not know the vault of ${wallet.address} yet`);
}

const pause = () => new Promise((resolve) => setTimeout(resolve, POLL_MS));

/** Pays into the vault once, however often the command is interrupted and run again. Resolves once it can be staked. */
async function payIn(
  { client, wallet }: BettorPlace,
  { amount, flags }: { amount: bigint; flags: BettorFlags },
): Promise<string> {
  const { program, house, genesisHash } = client.house;
  const rpc = rpcAt(flags.rpc);
  const name = `deposit-${wallet.address}-${house}`;
  const kept = new KeptTransaction({ rpc, directory: join(flags.store, 'unfinished'), name, chain: genesisHash });
  const note = `deposit ${amount} lamports`;
  const before = await kept.finish();
  if (before) process.stderr.write(`an interrupted run had sent it: ${before.note}\n`);
  let signature = before?.note === note ? before.signature : undefined;
  if (!signature) {
    const has = (await call(rpc.getBalance(wallet.address, { commitment: 'confirmed' }))).value;
    if (has < amount + WALLET_RESERVE) {
      const way = 'on a local chain: casino bettor airdrop 10';
      throw new EndEarly(EXIT_FINDING, `${wallet.address} has ${money(has)}, too little to pay in ${money(amount)}; ${way}`);
    }
    const instructions = [await depositInstruction({ program, payer: wallet, house, owner: wallet.address, amount })];
    process.stderr.write(`paying ${money(amount)} into your vault\n`);
    signature = await kept.send({ payer: wallet, instructions, computeUnits: COMPUTE_UNITS }, note);
  }
  const { value } = await call(rpc.getSignatureStatuses([signature], { searchTransactionHistory: true }));
  await counted(flags.api, value[0]?.slot ?? 0n);
  return signature;
}

/** Waits until the service has taken in a finalized slot: its deposits can be staked then. */
async function counted(apiUrl: string, slot: bigint): Promise<void> {
  for (const endMs = Date.now() + CHAIN_TIMEOUT_MS; Date.now() < endMs; await pause()) {
    const { chain } = (await askService(apiUrl, '/health')) as { chain?: { slot?: string } };
    if (BigInt(chain?.slot ?? '0') >= slot) return;
  }
  throw new ClientError('TIMEOUT', 'the deposit is final on chain, the service has not counted it yet');
}

/** `casino bettor deposit`. */
export function deposit(amount: bigint, flags: BettorFlags): Promise<Answer> {
  return withBettor(flags, async (place) => {
    const { client } = place;
    const question = `Pay ${money(amount)} into the vault of ${client.owner}\n  in house ${client.house.house}`;
    if (!(await confirmed(question, flags))) return NOTHING_DONE;
    await opened(place);
    const signature = await payIn(place, { amount, flags });
    const { available } = await client.balance();
    const words = `paid in ${money(amount)}, final: ${signature}\nbalance   ${money(available)}`;
    return { code: 0, words, json: { done: true, amount, signature, balance: available } };
  });
}

/** `casino bettor balance`: by the service's word and the chain's. */
export function balance(flags: BettorFlags): Promise<Answer> {
  return withBettor(flags, async ({ client, wallet }) => {
    const vault = await client.vault('finalized');
    const held = (await call(rpcAt(flags.rpc).getBalance(wallet.address, { commitment: 'finalized' }))).value;
    const lines = [`wallet    ${wallet.address}: ${money(held)}`, `house     ${client.house.house}`];
    const json = { wallet: wallet.address, wallet_lamports: held, house: client.house.house, vault: client.vaultAddress };
    if (!vault) {
      const words = [...lines, 'vault     not open yet: casino bettor deposit AMOUNT opens it'].join('\n');
      return { code: 0, words, json: { ...json, open: false } };
    }
    const { available, openBets } = await client.balance();
    const settled = vault.balance + vault.pendingDeposit;
    const words = [
      ...lines,
      `vault     ${client.vaultAddress}${vault.frozen ? ': closed for ever by your exit' : ''}`,
      `balance   ${money(available)} to bet with, says the service, ${openBets} bets not settled yet`,
      `on chain  ${money(settled)} settled${vault.claimable > 0n ? `, and ${money(vault.claimable)} to be claimed` : ''}`,
      ...(vault.requestAmount > 0n ? [`request   open; from slot ${vault.requestDeadline} on you can leave by force`] : []),
    ].join('\n');
    const more = { open: true, available, open_bets: openBets, settled, claimable: vault.claimable, frozen: vault.frozen };
    return { code: 0, words, json: { ...json, ...more } };
  });
}

/** `casino bettor history`: the newest bets that this store has receipts of, and where the service says that they are. */
export function history(flags: BettorFlags & { limit: number }): Promise<Answer> {
  return withBettor(flags, async ({ client }) => {
    const bets: Record<string, unknown>[] = [];
    const { next_nonce: next } = await askService(flags.api, `/v1/vaults/${client.owner}`);
    const last = BigInt((next as string | undefined) ?? '1') - 1n;
    // The service says where to begin, and not for how long to look.
    for (let number = last; number > 0n && last - number < MAX_LOOKS && bets.length < flags.limit; number -= 1n) {
      const shown = await kept(client, number);
      if (shown) bets.push(shown);
    }
    const lines = bets.map((one) => {
      const result = one.won ? `won ${inSol(one.payout as bigint)}` : 'lost';
      return `${one.nonce}  ${inSol(one.amount as bigint)} SOL on ${one.guess}: ${one.outcome}, ${result}; balance ${inSol(one.balance as bigint)}  ${one.status}`;
    });
    return { code: 0, words: lines.join('\n') || 'this store has no receipts of this wallet in this house', json: { bets } };
  });
}

async function kept(client: CasinoClient, betNumber: bigint): Promise<Record<string, unknown> | undefined> {
  try {
    const { bet: signed, receipt } = await client.receiptFile(betNumber);
    const { outcome, stake, payout, balanceAfter, head } = decodeReceipt(receipt.message);
    const id = head.toString(16).padStart(64, '0');
    const status = await client.betStatus(id).catch(() => undefined);
    const side = (choice: number) => (choice === 1 ? 'heads' : 'tails');
    return {
      ...{ nonce: betNumber, bet_id: id, amount: stake, guess: side(signed.choice), outcome: side(outcome), won: payout > 0n },
      ...{ payout, balance: balanceAfter, status: status?.state ?? 'unknown', l1_signature: status?.signature ?? null },
    };
  } catch (error) {
    if (error instanceof ClientError && (error.code === 'NO_RECEIPT' || error.code === 'RECEIPT_INCOMPLETE')) return undefined;
    throw error;
  }
}

/** `casino bettor airdrop`: lamports of a chain that gives them away. */
export async function airdrop(amount: bigint, flags: BettorFlags): Promise<Answer> {
  const wallet = await walletOf(flags);
  const rpc = rpcAt(flags.rpc);
  const look = async () => (await call(rpc.getBalance(wallet.address, { commitment: 'finalized' }))).value as bigint;
  const before = await look();
  try {
    await call(rpc.requestAirdrop(wallet.address, lamports(amount), { commitment: 'confirmed' }));
  } catch (error) {
    throw new EndEarly(EXIT_FINDING, `this chain gives nothing away: ${(error as Error).message}`);
  }
  for (const endMs = Date.now() + CHAIN_TIMEOUT_MS; (await look()) <= before; await pause()) {
    if (Date.now() > endMs) throw new CasinoError('CHAIN_UNREACHABLE', 'the airdrop has not arrived');
  }
  const held = await look();
  return { code: 0, words: `${wallet.address} has ${money(held)}`, json: { wallet: wallet.address, wallet_lamports: held } };
}

/** The house and its program: the flags', or those that the service names. */
export async function houseOf(flags: BettorFlags): Promise<{ house: string; program: string }> {
  if (flags.house !== undefined) return { house: flags.house, program: flags.program ?? LOCAL_PROGRAM_ADDRESS };
  const said = await askService(flags.api, '/v1/house');
  return { house: String(said.house), program: flags.program ?? String(said.program) };
}
