import {
  type Address,
  type Blockhash,
  getAddressDecoder,
  getAddressEncoder,
  getBase58Decoder,
  getBase64Encoder,
  getSignatureFromTransaction,
  getTransactionDecoder,
} from '@solana/kit';
import { houseAddress, termsAddress, vaultAddress } from '../../program/client/addresses.ts';
import { accountIdOf, domainOf } from '../../protocol/account.ts';
import { ByteWriter } from '../../protocol/bytes.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import type { Chain, ChainAccount, TransactionStatus } from '../chain.ts';

export const PROGRAM = addressOfByte(9);
export const K = 0x5eedn;
export const PROFIT_BPS = 9_800;

export function addressOfByte(byte: number): Address {
  return getAddressDecoder().decode(new Uint8Array(32).fill(byte));
}

export const bytesOf = (address: Address): Uint8Array => Uint8Array.from(getAddressEncoder().encode(address));

const ascii8 = (tag: string) => new TextEncoder().encode(tag.padEnd(8, '\0'));

/** Accounts and transactions that a test sets up, read through the client's own interface. */
export class FakeChain implements Chain {
  readonly accounts = new Map<Address, ChainAccount>();
  readonly genesis = new Uint8Array(32).fill(0x47);
  readonly domain = domainOf(this.genesis);
  house!: Address;
  height = 100n;
  /** The house's verifying keys, 576 bytes each; undefined: the node does not list them. */
  keys: Uint8Array[] | undefined = [Uint8Array.from({ length: 576 }, (_, index) => index & 0xff)];
  /** What happens to a transaction that is sent. */
  onSend: (signature: string) => Promise<void> | void = () => undefined;
  readonly sent: string[] = [];
  readonly statuses = new Map<string, TransactionStatus>();
  nextSend: Awaited<ReturnType<Chain['send']>> = { result: 'taken' };

  static async create(receiptKey: Uint8Array): Promise<FakeChain> {
    const chain = new FakeChain();
    chain.house = await houseAddress({ program: PROGRAM, creator: addressOfByte(1) });
    chain.putHouse({ receiptKey });
    await chain.putTerms(1);
    return chain;
  }

  putHouse(input: { receiptKey: Uint8Array; domain?: bigint; owner?: Address; currentTerms?: number }): void {
    const data = new ByteWriter()
      .bytes(ascii8('zkhouse'))
      .u8(1)
      .u8(255)
      .u8(255)
      .u8(0)
      .u32(input.currentTerms ?? 1);
    for (const byte of [1, 1, 2]) data.bytes(new Uint8Array(32).fill(byte));
    data
      .bytes(input.receiptKey, 32)
      .bytes(new Uint8Array(32))
      .u64(0n)
      .bytes(new Uint8Array(32))
      .field(input.domain ?? this.domain);
    data.bytes(new Uint8Array(592 - 248));
    this.#put(this.house, { data: data.finish(), owner: input.owner ?? PROGRAM });
  }

  async putTerms(id: number, profitBps = PROFIT_BPS): Promise<void> {
    const data = new ByteWriter().bytes(ascii8('zkterms')).u8(1).u8(255).u16(0).u32(id).bytes(bytesOf(this.house));
    data.field(vrfCommitmentOf(K)).u32(profitBps).u32(0).u64(1n);
    this.#put(await termsAddress({ program: PROGRAM, house: this.house, id }), { data: data.finish(), owner: PROGRAM });
  }

  async putVault(input: {
    owner: Address;
    sessionKeyHash: bigint;
    lastBet?: bigint;
    balance?: bigint;
    pendingDeposit?: bigint;
    accountId?: bigint;
    frozen?: boolean;
    claimable?: bigint;
    request?: { amount: bigint; deadlineSlot: bigint };
    keys?: readonly { hash: bigint; from: bigint; until: bigint }[];
  }): Promise<Address> {
    const vault = await vaultAddress({ program: PROGRAM, house: this.house, owner: input.owner });
    const accountId = input.accountId ?? accountIdOf({ domain: this.domain, vault: bytesOf(vault) });
    const data = new ByteWriter().bytes(ascii8('zkvault')).u8(1).u8(255);
    data
      .u8(input.frozen ? 1 : 0)
      .u8(0)
      .u32(0);
    data.bytes(bytesOf(input.owner)).bytes(bytesOf(this.house)).field(accountId);
    const [first, second] = input.keys ?? [];
    for (const key of [first ?? { hash: input.sessionKeyHash, from: 0n, until: (1n << 64n) - 1n }, second]) {
      data
        .field(key?.hash ?? 0n)
        .u64(key?.from ?? 0n)
        .u64(key?.until ?? 0n);
    }
    data
      .u64(input.balance ?? 0n)
      .u64(input.pendingDeposit ?? 0n)
      .u64(input.claimable ?? 0n)
      .u64(input.request?.amount ?? 0n)
      .u64(input.request?.deadlineSlot ?? 0n)
      .u64(input.lastBet ?? 0n)
      .bytes(new Uint8Array(352 - 256));
    this.#put(vault, { data: data.finish(), owner: PROGRAM });
    return vault;
  }

  async genesisHash(): Promise<string> {
    return getBase58Decoder().decode(this.genesis);
  }

  async account(address: Address): Promise<ChainAccount | undefined> {
    return this.accounts.get(address);
  }

  async verifyingKeys(): Promise<ChainAccount[]> {
    if (this.keys === undefined) throw new Error('this node lists no accounts');
    return this.keys.map((key, index) => {
      const data = new ByteWriter()
        .bytes(ascii8('zkvkey'))
        .u8(1)
        .u8(255)
        .u16(index + 1)
        .u16(3)
        .u16(1)
        .bytes(bytesOf(this.house));
      data
        .bytes(new Uint8Array(32))
        .u64(0n)
        .u64((1n << 64n) - 1n)
        .bytes(key);
      return { address: addressOfByte(9), programAddress: PROGRAM, data: data.finish() };
    });
  }

  async latestBlockhash() {
    const blockhash = getBase58Decoder().decode(new Uint8Array(32).fill(Number(this.height % 251n))) as Blockhash;
    return { blockhash, lastValidBlockHeight: this.height + 150n };
  }

  async slot(): Promise<bigint> {
    return this.height;
  }

  async finalizedBlockHeight(): Promise<bigint> {
    return this.height;
  }

  async send(wire: Parameters<Chain['send']>[0]) {
    const signature = getSignatureFromTransaction(getTransactionDecoder().decode(getBase64Encoder().encode(wire)));
    this.sent.push(signature);
    const answer = this.nextSend;
    await this.onSend(signature);
    return answer;
  }

  async status(signature: string): Promise<TransactionStatus | undefined> {
    return this.statuses.get(signature);
  }

  #put(address: Address, { data, owner }: { data: Uint8Array; owner: Address }): void {
    this.accounts.set(address, { address, programAddress: owner, data });
  }
}
