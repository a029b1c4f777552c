import type { Address } from '@solana/kit';
import type { Vault } from '../program/client/accounts.ts';
import { vaultAddress } from '../program/client/addresses.ts';
import { type Chain, chainAt } from './chain.ts';
import { type Clock, SYSTEM_CLOCK } from './clock.ts';
import { type HouseContext, loadHouse, loadVault } from './house.ts';
import { DEFAULT_RETRY_LIMITS, type RetryLimits } from './retry.ts';
import type { Wallet } from './wallet.ts';
import {
  type Claimed,
  claim,
  exit,
  forceExit,
  type MoneyPlace,
  requestWithdrawal,
  type WithdrawalAmount,
  type WithdrawalWishes,
  waitUntilPaid,
  withdraw,
  withdrawalOptions,
} from './withdrawal.ts';

export interface ExitOptions {
  /** A Solana node that the bettor trusts. */
  rpcUrl: string;
  house: Address;
  program: Address;
  wallet: Wallet;
  retry?: RetryLimits | undefined;
  clock?: Clock | undefined;
  /** Replaces the node at `rpcUrl`. */
  chain?: Chain | undefined;
}

/**
 * Takes a wallet's money out of a house with the chain alone: no service, no store, no session key. What `CasinoClient` does with
 * money it does through the same functions.
 */
export class ExitClient {
  readonly house: HouseContext;
  /** Address of the wallet's vault, whether it is open or not. */
  readonly vaultAddress: Address;
  readonly #place: MoneyPlace;

  private constructor(place: MoneyPlace, vault: Address) {
    this.house = place.house;
    this.vaultAddress = vault;
    this.#place = place;
  }

  /** Reads the house from the chain and checks it; `CHAIN_MISMATCH` if it is not what it should be. */
  static async connect(options: ExitOptions): Promise<ExitClient> {
    const clock = options.clock ?? SYSTEM_CLOCK;
    const chain = options.chain ?? chainAt(options.rpcUrl, { clock, retry: options.retry ?? DEFAULT_RETRY_LIMITS });
    const { program, house: address, wallet } = options;
    const house = await loadHouse(chain, { program, house: address });
    const vault = await vaultAddress({ program, house: address, owner: wallet.address });
    return new ExitClient({ chain, clock, house, wallet }, vault);
  }

  /** The vault as the chain shows it; undefined if it is not open. */
  async vault(commitment: 'confirmed' | 'finalized' = 'finalized'): Promise<Vault | undefined> {
    const { chain, house, wallet } = this.#place;
    return (await loadVault(chain, { context: house, owner: wallet.address, commitment })).state;
  }

  /** See `requestWithdrawal` in withdrawal.ts; so for the others. */
  requestWithdrawal(amount: WithdrawalAmount, wishes: WithdrawalWishes = {}) {
    return requestWithdrawal(this.#place, { ...withdrawalOptions(wishes), amount });
  }

  waitUntilPaid(wishes: WithdrawalWishes = {}): Promise<Vault> {
    return waitUntilPaid(this.#place, withdrawalOptions(wishes));
  }

  claim(wishes: WithdrawalWishes = {}): Promise<Claimed> {
    return claim(this.#place, withdrawalOptions(wishes));
  }

  withdraw(amount: WithdrawalAmount, wishes: WithdrawalWishes = {}): Promise<Claimed> {
    return withdraw(this.#place, { ...withdrawalOptions(wishes), amount });
  }

  forceExit(wishes: WithdrawalWishes = {}): Promise<{ exited: boolean }> {
    return forceExit(this.#place, withdrawalOptions(wishes));
  }

  exit(wishes: WithdrawalWishes = {}): Promise<Claimed & { exited: boolean }> {
    return exit(this.#place, withdrawalOptions(wishes));
  }
}
