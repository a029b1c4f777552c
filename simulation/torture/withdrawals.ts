import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPairSigner } from '@solana/kit';
import { bettorWallet, type DemoBettor } from '../../cli/demo-bettors.ts';
import type { MemoryStore } from '../../client/store.ts';
import { type CasinoInstruction, claim, requestWithdrawal } from '../../program/client/index.ts';
import { connectRpc } from '../../sequencer/chain/rpc.ts';
import { sendAndFinalize } from '../../sequencer/chain/transactions.ts';
import { CasinoError } from '../../sequencer/errors.ts';

/** A bettor, with the store where its wallet is. */
interface Withdrawing {
  seat: DemoBettor;
  store: MemoryStore;
}

const COMPUTE_UNITS = 20_000;
const POLL_MS = 100;
/** More than the fees of what a bettor sends in the end. */
const MAX_FEES = 100_000n;
const WITHDRAWAL_TIMEOUT_MS = 120_000;

/** Asks for a quarter of the balance, unless a request is open. Whether it landed is for the chain to know. */
export async function requestPart(bettor: Withdrawing, place: { rpcUrl: string }): Promise<void> {
  const vault = await bettor.seat.client.vault('confirmed');
  if (!vault || vault.requestAmount > 0n || vault.balance < 4n) return;
  await request(bettor, { ...place, amount: vault.balance / 4n }).catch(ignoringTheChain);
}

/** Brings what was paid to the wallet. */
export async function claimAll(bettor: Withdrawing, place: { rpcUrl: string }): Promise<void> {
  const vault = await bettor.seat.client.vault('confirmed');
  if (!vault || vault.claimable === 0n) return;
  await claimPaid(bettor, place).catch(ignoringTheChain);
}

/** Takes all of a bettor's money out, with the services up. Throws unless the wallet has it, less fees. */
export async function withdrawEverything(bettor: Withdrawing, place: { rpcUrl: string }): Promise<void> {
  const { client } = bettor.seat;
  const deadlineMs = performance.now() + WITHDRAWAL_TIMEOUT_MS;
  const paid = async () => {
    for (;;) {
      const vault = await client.vault('finalized');
      if (!vault) throw new Error('the vault is gone');
      if (vault.requestAmount === 0n) return vault;
      if (performance.now() > deadlineMs) throw new Error(`the request of ${client.vaultAddress} is not paid`);
      await sleep(POLL_MS);
    }
  };
  const before = await paid();
  const amount = before.balance + before.pendingDeposit;
  if (amount > 0n) await request(bettor, { ...place, amount });
  const vault = await paid();
  if (vault.balance + vault.pendingDeposit !== 0n || vault.claimable !== amount + before.claimable) {
    throw new Error(`${client.vaultAddress} was paid ${vault.claimable} of ${amount + before.claimable}`);
  }
  const rpc = connectRpc(place.rpcUrl);
  const wallet = async () => (await rpc.getBalance(client.owner, { commitment: 'finalized' }).send()).value;
  const walletBefore = await wallet();
  if (vault.claimable > 0n) await claimPaid(bettor, place);
  if ((await wallet()) < walletBefore + vault.claimable - MAX_FEES) throw new Error(`${client.owner} did not get its money`);
}

async function request(bettor: Withdrawing, input: { rpcUrl: string; amount: bigint }): Promise<void> {
  const { program, house } = bettor.seat.client.house;
  await send(bettor, input, (owner) => requestWithdrawal({ program, owner, house, amount: input.amount }));
}

async function claimPaid(bettor: Withdrawing, place: { rpcUrl: string }): Promise<void> {
  const { program, house } = bettor.seat.client.house;
  await send(bettor, place, (owner) => claim({ program, house, owner: owner.address }));
}

async function send(
  { seat, store }: Withdrawing,
  place: { rpcUrl: string },
  instructionOf: (owner: KeyPairSigner) => Promise<CasinoInstruction>,
): Promise<void> {
  const payer = await bettorWallet(store, seat.index);
  const transaction = { payer, instructions: [await instructionOf(payer)], computeUnits: COMPUTE_UNITS };
  await sendAndFinalize(connectRpc(place.rpcUrl), transaction);
}

/** The chain may be dead, or have taken the transaction and died. */
function ignoringTheChain(error: unknown): void {
  const expected = error instanceof CasinoError && (error.code === 'CHAIN_UNREACHABLE' || error.code === 'SETTLEMENT_REJECTED');
  if (!expected) throw error;
}
