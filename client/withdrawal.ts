import type { Instruction, Signature } from '@solana/kit';
import type { Vault } from '../program/client/accounts.ts';
import {
  claim as claimInstruction,
  forceExit as forceExitInstruction,
  requestWithdrawal as requestInstruction,
} from '../program/client/instructions/vault.ts';
import { U64_LIMIT } from '../protocol/constants.ts';
import { ProtocolError } from '../protocol/errors.ts';
import type { Chain } from './chain.ts';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import { type HouseContext, loadVault } from './house.ts';
import { type LandedTransaction, sendUntilFinal } from './transactions.ts';
import type { Wallet } from './wallet.ts';

/** All that taking money out needs: the chain and the wallet. The service is not asked for anything. */
export interface MoneyPlace {
  chain: Chain;
  clock: Clock;
  house: HouseContext;
  wallet: Wallet;
}

/** Base units, or whatever there is once the request is paid. */
export type WithdrawalAmount = bigint | 'all';

/** What a withdrawal or an exit has come to. */
export type WithdrawalStage = 'requested' | 'paid' | 'exited' | 'claimed';

export interface WithdrawalOptions {
  timeoutMs: number;
  onProgress?: ((stage: WithdrawalStage, signature: Signature | undefined) => void) | undefined;
}

/** As a caller gives them: without a limit it is two minutes. */
export type WithdrawalWishes = Partial<WithdrawalOptions>;

const DEFAULT_TIMEOUT_MS = 120_000;

/** The options with what a caller left out. */
export function withdrawalOptions({ timeoutMs, onProgress }: WithdrawalWishes): WithdrawalOptions {
  return { timeoutMs: timeoutMs ?? DEFAULT_TIMEOUT_MS, onProgress };
}

export interface Claimed {
  /** Base units, now in the wallet. */
  amount: bigint;
  /** Undefined when another had sent the claim: it pays the owner, whoever sends it. */
  signature: Signature | undefined;
}

const POLL_MS = 250;

/**
 * Asks for money. Bets wait from here on until the request is paid. Resolves once it is final on chain: with what is asked for and
 * the slot from which the owner can leave by force, or undefined if it has been paid by then. `NO_VAULT`, `VAULT_CLOSED`, `REQUEST_OPEN`.
 */
export async function requestWithdrawal(
  place: MoneyPlace,
  options: { amount: WithdrawalAmount } & WithdrawalOptions,
): Promise<{ amount: bigint; deadlineSlot: bigint } | undefined> {
  const amount = options.amount === 'all' ? U64_LIMIT - 1n : options.amount;
  if (amount <= 0n || amount >= U64_LIMIT) throw new ProtocolError('BAD_VALUE', 'an amount to withdraw is 1 to 2^64 - 1');
  requireNoRequest(await openVaultAt(place, 'confirmed'));
  const { program, house } = place.house;
  const instruction = await requestInstruction({ program, owner: place.wallet, house, amount });
  const landed = await send(place, { ...options, instruction }, async (error) => {
    requireNoRequest(await openVaultAt(place, 'confirmed'));
    throw error;
  });
  options.onProgress?.('requested', landed.signature);
  const { requestAmount, requestDeadline } = await vaultAt(place, 'finalized');
  return requestAmount > 0n ? { amount: requestAmount, deadlineSlot: requestDeadline } : undefined;
}

/** Waits until no request of the vault is open, at finality; `TIMEOUT` names the slot from which the owner can leave by force. */
export async function waitUntilPaid(place: MoneyPlace, options: WithdrawalOptions): Promise<Vault> {
  const deadlineMs = place.clock.nowMs() + options.timeoutMs;
  for (;;) {
    // Confirmed first: a payment that it shows is of a request that was final before.
    const confirmed = await vaultAt(place, 'confirmed');
    const finalized = await vaultAt(place, 'finalized');
    if (confirmed.requestAmount === 0n && finalized.requestAmount === 0n) {
      if (!finalized.frozen) options.onProgress?.('paid', undefined);
      return finalized;
    }
    if (place.clock.nowMs() > deadlineMs) {
      const { requestDeadline } = finalized.requestAmount > 0n ? finalized : confirmed;
      throw new ClientError('TIMEOUT', `the request is not paid yet; after slot ${requestDeadline} the owner can leave by force`);
    }
    await place.clock.sleep(POLL_MS);
  }
}

/** Takes into the wallet what was paid out; resolves once that is final. `NOTHING_TO_CLAIM`. */
export async function claim(place: MoneyPlace, options: WithdrawalOptions): Promise<Claimed> {
  const { claimable: amount } = await vaultAt(place, 'confirmed');
  if (amount === 0n) throw new ClientError('NOTHING_TO_CLAIM', 'nothing is claimable');
  const { program, house } = place.house;
  const instruction = await claimInstruction({ program, house, owner: place.wallet.address });
  const landed = await send(place, { ...options, instruction }, async (error) => {
    if ((await vaultAt(place, 'confirmed')).claimable > 0n) throw error;
    return undefined;
  });
  options.onProgress?.('claimed', landed?.signature);
  return { amount, signature: landed?.signature };
}

/**
 * The whole way out of a sum: request, payment by the house, claim. A request that is open already, of whatever amount, is the one that
 * is waited for, so that an interrupted withdrawal is taken up where it stands; one that was interrupted after the payment is finished by
 * `claim`. Each step may take `timeoutMs`.
 */
export async function withdraw(place: MoneyPlace, options: { amount: WithdrawalAmount } & WithdrawalOptions): Promise<Claimed> {
  const { requestAmount } = await openVaultAt(place, 'confirmed');
  if (requestAmount === 0n) await requestWithdrawal(place, options);
  await waitUntilPaid(place, options);
  return claimAny(place, options);
}

/**
 * Leaves with all that the vault holds, whatever the house does: possible once a request is past its deadline and unpaid. The vault is
 * closed for ever, its unsettled bets void. Resolves once that is final: `exited` is false if the house paid at the last moment,
 * after which the vault stays open. The money is then claimable. `NO_VAULT`, `NO_REQUEST`, `EXIT_TOO_EARLY`.
 */
export async function forceExit(place: MoneyPlace, options: WithdrawalOptions): Promise<{ exited: boolean }> {
  const before = await vaultAt(place, 'confirmed');
  if (!before.frozen) {
    if (before.requestAmount === 0n)
      throw new ClientError('NO_REQUEST', 'request a withdrawal first: its deadline opens the exit');
    const slot = await place.chain.slot('confirmed');
    if (slot <= before.requestDeadline) {
      const message = `the house may pay through slot ${before.requestDeadline}, and this is slot ${slot}`;
      throw new ClientError('EXIT_TOO_EARLY', message);
    }
    const { program, house } = place.house;
    const instruction = await forceExitInstruction({ program, owner: place.wallet, house });
    const landed = await send(place, { ...options, instruction }, async (error) => {
      const now = await vaultAt(place, 'confirmed');
      if (!now.frozen && now.requestAmount > 0n) throw error;
      return undefined;
    });
    if (landed) options.onProgress?.('exited', landed.signature);
  }
  const { frozen } = await waitUntilPaid(place, { timeoutMs: options.timeoutMs });
  return { exited: frozen };
}

/**
 * All of the money out, with nothing but the chain: requests all, unless a request is open, waits until it is paid or its deadline is past,
 * leaves by force in the latter case, and claims. `timeoutMs` is for each step but the wait for the deadline, which takes what it takes.
 */
export async function exit(place: MoneyPlace, options: WithdrawalOptions): Promise<Claimed & { exited: boolean }> {
  const { clock, chain } = place;
  const before = await vaultAt(place, 'confirmed');
  if (!before.frozen && before.requestAmount === 0n) await requestWithdrawal(place, { ...options, amount: 'all' });
  for (;;) {
    const vault = await vaultAt(place, 'confirmed');
    if (vault.requestAmount === 0n || (await chain.slot('confirmed')) > vault.requestDeadline) break;
    await clock.sleep(POLL_MS);
  }
  const { requestAmount } = await vaultAt(place, 'confirmed');
  const { exited } =
    requestAmount > 0n ? await forceExit(place, options) : { exited: (await waitUntilPaid(place, options)).frozen };
  return { exited, ...(await claimAny(place, options)) };
}

/** Claims what there is, which may be nothing: the vault was empty, or another has sent the claim. */
async function claimAny(place: MoneyPlace, options: WithdrawalOptions): Promise<Claimed> {
  const { claimable } = await vaultAt(place, 'finalized');
  return claimable === 0n ? { amount: 0n, signature: undefined } : claim(place, options);
}

/** The vault at a commitment; `NO_VAULT` if it is not open there. */
async function vaultAt({ chain, house, wallet }: MoneyPlace, commitment: 'confirmed' | 'finalized'): Promise<Vault> {
  const { state } = await loadVault(chain, { context: house, owner: wallet.address, commitment });
  if (!state) throw new ClientError('NO_VAULT', 'the wallet has no vault in this house');
  return state;
}

async function openVaultAt(place: MoneyPlace, commitment: 'confirmed' | 'finalized'): Promise<Vault> {
  const vault = await vaultAt(place, commitment);
  if (vault.frozen) throw new ClientError('VAULT_CLOSED', 'the vault has been closed by a forced exit; claim what is claimable');
  return vault;
}

function requireNoRequest({ requestAmount, requestDeadline }: Vault): void {
  if (requestAmount === 0n) return;
  throw new ClientError('REQUEST_OPEN', `a request is open already, to be paid by slot ${requestDeadline}`);
}

/** Sends an instruction until it is final. `onFailure` decides what a failure means, by what the chain shows then. */
async function send<T>(
  { chain, clock, wallet }: MoneyPlace,
  input: { instruction: Instruction; timeoutMs: number },
  onFailure: (error: ClientError) => Promise<T>,
): Promise<LandedTransaction | T> {
  try {
    const { instruction, timeoutMs } = input;
    return await sendUntilFinal({ chain, clock, wallet, instructions: [instruction], timeoutMs });
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'TRANSACTION_FAILED') throw error;
    return onFailure(error);
  }
}
