import { type Address, type Base58EncodedBytes, getBase64Encoder } from '@solana/kit';
import {
  decodeHouse,
  decodeOwned,
  decodeVault,
  decodeVerifyingKey,
  type House,
  type Vault,
  type VerifyingKey,
} from '../../program/client/index.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import { type ChainRpc, type Commitment, call } from './rpc.ts';
import type { ChainSnapshot, ChainView, HouseView, PendingChange, PublishedHouse, VaultView } from './view.ts';

const VAULT_BYTES = 352n;
const VAULT_HOUSE_OFFSET = 48n;
const VERIFYING_KEY_BYTES = 672n;
const KEY_HOUSE_OFFSET = 16n;

/** Reads one house and its vaults. */
export class ChainReader {
  readonly rpc: ChainRpc;
  readonly program: Address;
  readonly house: Address;
  readonly #nowMs: () => number;

  constructor(options: { rpc: ChainRpc; program: Address; house: Address; nowMs(): number }) {
    this.rpc = options.rpc;
    this.program = options.program;
    this.house = options.house;
    this.#nowMs = options.nowMs;
  }

  /** Both looks at the chain. */
  async view(): Promise<ChainView> {
    const [finalized, confirmed] = await Promise.all([this.snapshot('finalized'), this.snapshot('confirmed')]);
    return { observedAtMs: this.#nowMs(), finalized, confirmed };
  }

  /**
   * The house and its vaults. The house is read at or after the slot of the vaults, so that a bet which the vaults show as settled
   * has been paid from its balance.
   */
  async snapshot(commitment: Commitment): Promise<ChainSnapshot> {
    const { context, value } = await call(
      this.rpc.getProgramAccounts(this.program, {
        commitment,
        encoding: 'base64',
        withContext: true,
        filters: [
          { dataSize: VAULT_BYTES },
          { memcmp: { offset: VAULT_HOUSE_OFFSET, bytes: this.house as string as Base58EncodedBytes, encoding: 'base58' } },
        ],
      }),
    );
    const house = await this.houseAt(commitment, context.slot);
    const vaults = new Map<Address, VaultView>();
    for (const { pubkey, account } of value) {
      const data = getBase64Encoder().encode(account.data[0]);
      const vault = decodeOwned(
        { address: pubkey, programAddress: account.owner, data },
        { program: this.program, decode: decodeVault },
      );
      vaults.set(pubkey, vaultView(pubkey, vault));
    }
    return { slot: context.slot, house: houseView(this.house, house), vaults };
  }

  /** All verifying keys of the house, the retired ones too, at finalized. */
  async verifyingKeys(): Promise<VerifyingKey[]> {
    const accounts = await call(
      this.rpc.getProgramAccounts(this.program, {
        commitment: 'finalized',
        encoding: 'base64',
        filters: [
          { dataSize: VERIFYING_KEY_BYTES },
          { memcmp: { offset: KEY_HOUSE_OFFSET, bytes: this.house as string as Base58EncodedBytes, encoding: 'base58' } },
        ],
      }),
    );
    if (!Array.isArray(accounts)) throw new CasinoError('CHAIN_UNREACHABLE', 'the node shows no list of accounts');
    return accounts.map(({ pubkey, account }) => {
      const data = getBase64Encoder().encode(account.data[0]);
      const raw = { address: pubkey, programAddress: account.owner, data };
      return decodeOwned(raw, { program: this.program, decode: decodeVerifyingKey });
    });
  }

  /** The whole house account; `CHAIN_UNREACHABLE` if the node shows none. */
  async houseAt(commitment: Commitment, minContextSlot?: bigint): Promise<House> {
    return (await this.houseAndSlot(commitment, minContextSlot)).house;
  }

  /** The house account and the slot that shows it so, which is `minContextSlot` or later. */
  async houseAndSlot(commitment: Commitment, minContextSlot?: bigint): Promise<{ house: House; slot: bigint }> {
    const { context, value } = await call(
      this.rpc.getAccountInfo(this.house, {
        commitment,
        encoding: 'base64',
        ...(minContextSlot === undefined ? {} : { minContextSlot }),
      }),
    );
    // A house that was opened never goes away: a node without it is behind, or answers nonsense.
    if (!value) throw new CasinoError('CHAIN_UNREACHABLE', `the node shows no house at ${this.house}`);
    const data = getBase64Encoder().encode(value.data[0]);
    const account = { address: this.house, programAddress: value.owner, data };
    return { house: decodeOwned(account, { program: this.program, decode: decodeHouse }), slot: context.slot };
  }

  /** These vaults as one slot shows them, at confirmed: undefined for one that is not there. */
  async vaultsAt(
    vaults: readonly Address[],
    minContextSlot: bigint,
  ): Promise<{ slot: bigint; vaults: (VaultView | undefined)[] }> {
    const options = { commitment: 'confirmed', encoding: 'base64', minContextSlot } as const;
    const { context, value } = await call(this.rpc.getMultipleAccounts([...vaults], options));
    if (value.length !== vaults.length) {
      throw new CasinoError('CHAIN_UNREACHABLE', `the node shows ${value.length} accounts where ${vaults.length} were asked for`);
    }
    const views = value.map((account, index) => {
      if (!account) return undefined;
      const address = vaults[index] as Address;
      const raw = { address, programAddress: account.owner, data: getBase64Encoder().encode(account.data[0]) };
      return vaultView(address, decodeOwned(raw, { program: this.program, decode: decodeVault }));
    });
    return { slot: context.slot, vaults: views };
  }
}

function houseView(address: Address, house: House): HouseView {
  const { settler, balance, reserved, liabilities, currentTerms, lastBatch, lastTransfer, paused } = house;
  const { leaderEpoch, leaderNonce, exitDelaySlots, requestAmount, requestSlot } = house;
  const receiptKey = addressOf(house.receiptKey);
  const counters = { currentTerms, lastBatch, lastTransfer, leaderEpoch, leaderNonce, exitDelaySlots };
  const published = publishedHouse(house);
  return {
    address,
    settler,
    receiptKey,
    balance,
    reserved,
    requestAmount,
    requestSlot,
    liabilities,
    paused,
    ...counters,
    published,
  };
}

function publishedHouse(house: House): PublishedHouse {
  const { authority, mint, changeDelaySlots, vaultCount: vaults, overdue } = house;
  const pending: PendingChange[] = [
    { kind: 'authority', key: house.pendingAuthority, dueSlot: house.pendingAuthoritySlot },
    { kind: 'receiptKey', key: addressOf(house.pendingReceiptKey), dueSlot: house.pendingReceiptKeySlot },
    {
      kind: 'delays',
      exitDelaySlots: house.pendingExitDelaySlots,
      changeDelaySlots: house.pendingChangeDelaySlots,
      dueSlot: house.pendingDelaysSlot,
    },
  ];
  return { authority, mint, changeDelaySlots, vaults, overdue, pending: pending.filter(({ dueSlot }) => dueSlot > 0n) };
}

function vaultView(address: Address, vault: Vault): VaultView {
  const { owner, accountId, frozen, lastTerms, lastBet, balance, pendingDeposit, claimable, keys } = vault;
  const { requestAmount, requestDeadline, challengeBet, challengeSlot } = vault;
  const waiting = { requestAmount, requestDeadline, challengeBet, challengeSlot };
  return { address, owner, accountId, frozen, lastTerms, lastBet, balance, pendingDeposit, claimable, ...waiting, keys };
}
