import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Address } from '@solana/kit';
import { vaultAddress } from '../../program/client/addresses.ts';
import { accountIdOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { betPack, type CoinSide, nextHead, payoutOf } from '../../protocol/bet.ts';
import { fieldToHex, fromHex, toHex } from '../../protocol/bytes.ts';
import { STAKE_UNIT } from '../../protocol/constants.ts';
import { signatureFromBytes, verifyEddsa } from '../../protocol/eddsa.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import {
  encodeLimit,
  encodeReceipt,
  encodeRefusal,
  encodeSeedCommitment,
  type Limit,
  type MessageContext,
  type Receipt,
  type Refusal,
  type SeedCommitment,
} from '../../protocol/messages.ts';
import { outcomeOf, serverSeedOf, vaultKeyOf } from '../../protocol/outcome.ts';
import { firstBetOfRange, seedPath, seedRangeOf, seedRoot, seedTree } from '../../protocol/seed-commitment.ts';
import { bytesOf, type FakeChain, K, PROFIT_BPS, PROGRAM } from './fake-chain.ts';

export const RECEIPT_SECRET = new Uint8Array(32).fill(0x21);
export const RECEIPT_KEY = ed25519.getPublicKey(RECEIPT_SECRET);

type Json = Record<string, unknown>;

/** Where this service departs from the truth. What is changed before signing carries the house's signature. */
export interface Lies {
  receipt?: (receipt: Receipt) => Receipt;
  limit?: (limit: Limit) => Limit;
  commitment?: (commitment: SeedCommitment) => SeedCommitment;
  refusal?: (refusal: Refusal) => Refusal;
  /** Changes a whole answer, unsigned. */
  answer?: (path: string, body: Json) => Json;
  /** Refuses every bet with this code, also one that it has answered. */
  refuseWith?: number;
  /** Asked of each bet that could be taken: the code to refuse it with, or 0. */
  refuses?: (betNumber: bigint) => number;
  /** Other seeds than those of k. */
  k?: bigint;
}

/** Faults of the network and of load, one an attempt to bet. */
export type Fault =
  | 'busy'
  | 'lost-answer'
  | 'lost-request'
  | 'rate-limited'
  | 'html-502'
  | 'conflict'
  | 'gap'
  | 'refused-unsigned';

interface FakeVault {
  context: MessageContext;
  accountId: bigint;
  address: Address;
  lastBet: bigint;
  head: bigint;
  balance: bigint;
  answers: Map<string, { request: string; head: bigint; answer: Json }>;
  /** Heads that a refusal bars for good, and its code. */
  barred: Map<bigint, number>;
}

/** Plays the service honestly with the protocol's own functions, but for the lies and faults that a test asks for. */
export class FakeService {
  lies: Lies = {};
  faults: Fault[] = [];
  /** Bodies of all bets that arrived, without the receipts that came along. */
  readonly bets: string[] = [];
  /** The last receipt that came along with a bet, by its number. */
  readonly brought = new Map<string, unknown>();
  /** Slot of the chain that the service has seen final. */
  slot = 0n;
  /** What `GET /v1/bets/:id` says of any bet. */
  betStatus: Json = {};
  maxStakeUnits = 1_000n;
  termsId = 1;
  readonly #chain: FakeChain;
  readonly #vaults = new Map<string, FakeVault>();
  readonly #ranges = new Map<string, ReturnType<typeof rangeOfSeeds>>();
  readonly #server: Server;

  constructor(chain: FakeChain) {
    this.#chain = chain;
    this.#server = createServer((request, response) => {
      void this.#serve(request).then((answer) => {
        if (!answer) return response.destroy();
        const { status, body } = answer;
        const headers = status === 503 ? { 'retry-after': '0' } : {};
        response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
      });
    });
  }

  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async addVault(owner: Address, balance: bigint): Promise<FakeVault> {
    const { domain, house } = this.#chain;
    const address = await vaultAddress({ program: PROGRAM, house, owner });
    const context = { domain, house: bytesOf(house), vault: bytesOf(address) };
    const accountId = accountIdOf(context);
    const vault: FakeVault = {
      context,
      accountId,
      address,
      lastBet: 0n,
      head: accountId,
      balance,
      answers: new Map(),
      barred: new Map(),
    };
    this.#vaults.set(owner, vault);
    return vault;
  }

  /** Makes `next` the vault's next bet number, as if those before it had been played. */
  skipTo(owner: Address, next: bigint): void {
    const vault = this.#vaults.get(owner);
    if (vault) vault.lastBet = next - 1n;
  }

  async #serve(request: IncomingMessage): Promise<{ status: number; body: Json | string } | undefined> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = request.url as string;
    const honest = this.#route(path, Buffer.concat(chunks).toString());
    if (honest?.status !== 200 || typeof honest.body === 'string') return honest;
    return { status: 200, body: this.lies.answer ? this.lies.answer(path, honest.body) : honest.body };
  }

  #route(path: string, body: string): { status: number; body: Json | string } | undefined {
    const [, , route, user, range] = path.split('/');
    if (route === 'house') return { status: 200, body: { house: this.#chain.house, program: PROGRAM } };
    if (path === '/health')
      return {
        status: 503,
        body: { chain: { slot: this.slot.toString() }, problems: [{ code: 'SETTLEMENT_LATE', message: 'late' }] },
      };
    if (route === 'bet') return this.#bet(body);
    if (route === 'bets') return { status: 200, body: { ...this.betStatus, bet_id: user } };
    const vault = this.#vaults.get(user as string);
    if (!vault) return errorAnswer(404, { code: 'UNKNOWN_VAULT', retry: true });
    if (route === 'balance') return { status: 200, body: { available: vault.balance.toString(), open_bets: 0 } };
    if (route === 'seed-commitments') {
      return { status: 200, body: { user, range, commitment: this.#commitment(vault, BigInt(range as string)).signed } };
    }
    return {
      status: 200,
      body: {
        vault: vault.address,
        next_nonce: (vault.lastBet + 1n).toString(),
        head: fieldToHex(vault.head),
        held: null,
        frozen: false,
        claimable: '0',
        request: null,
        voided: null,
        limit: this.#limit(vault),
      },
    };
  }

  #bet(body: string): { status: number; body: Json | string } | undefined {
    const { receipt, ...bet } = JSON.parse(body) as Record<string, string>;
    this.bets.push(JSON.stringify(bet));
    if (receipt) this.brought.set(bet.nonce as string, receipt);
    const fault = this.faults.shift();
    if (fault === 'lost-request') return undefined;
    if (fault === 'html-502') return { status: 502, body: '<html>bad gateway</html>' };
    if (fault === 'busy') return errorAnswer(503, { code: 'BUSY', retry: true });
    if (fault === 'rate-limited') return errorAnswer(429, { code: 'RATE_LIMITED', retry: true });
    if (fault === 'conflict') return errorAnswer(409, { code: 'BET_CONFLICT', retry: false, bet_id: '00' });
    if (fault === 'gap') return errorAnswer(409, { code: 'BET_GAP', retry: true, expected_nonce: '1' });
    if (fault === 'refused-unsigned') return errorAnswer(422, { code: 'REFUSED', retry: false, reason: 'outside-limit' });
    const answer = this.#place(bet);
    return fault === 'lost-answer' ? undefined : answer;
  }

  #place(bet: Record<string, string>): { status: number; body: Json } {
    const vault = this.#vaults.get(bet.user as string) as FakeVault;
    const betNumber = BigInt(bet.nonce as string);
    const known = vault.answers.get(`${betNumber}`);
    if (known) {
      if (this.lies.refuseWith) return this.#refuse(vault, { betNumber, head: known.head, code: this.lies.refuseWith });
      if (known.request === JSON.stringify(bet)) return { status: 200, body: known.answer };
      return errorAnswer(409, { code: 'BET_CONFLICT', retry: false });
    }
    if (betNumber !== vault.lastBet + 1n) {
      return errorAnswer(409, { code: 'BET_GAP', retry: true, expected_nonce: `${vault.lastBet + 1n}` });
    }
    const stakeUnits = BigInt(bet.amount as string) / STAKE_UNIT;
    const choice: CoinSide = bet.guess === 'heads' ? 1 : 0;
    const termsId = Number(bet.terms_id);
    const clientSeed = fieldFromBytes(fromHex(bet.client_seed as string, 32));
    const packed = betPack({ stakeUnits, choice, game: 0, betNumber, termsId });
    const head = nextHead({ headBefore: vault.head, packed, clientSeed, accountId: vault.accountId });
    const publicKey = pointFromBytes(fromHex(bet.session_key as string, 64));
    const signature = signatureFromBytes(fromHex(bet.sig as string, 96));
    if (!verifyEddsa({ publicKey, signature, message: head })) return errorAnswer(400, { code: 'BAD_SIGNATURE', retry: false });
    const stake = stakeUnits * STAKE_UNIT;
    const code =
      this.lies.refuseWith ?? vault.barred.get(head) ?? (stake > vault.balance ? 2 : (this.lies.refuses?.(betNumber) ?? 0));
    if (code) {
      vault.barred.set(head, code);
      return this.#refuse(vault, { betNumber, head, code });
    }
    const answer = this.#play(vault, { termsId, betNumber, head, stake, stakeUnits, choice });
    vault.answers.set(`${betNumber}`, { request: JSON.stringify(bet), head, answer });
    return { status: 200, body: answer };
  }

  #play(
    vault: FakeVault,
    bet: { termsId: number; betNumber: bigint; head: bigint; stake: bigint; stakeUnits: bigint; choice: CoinSide },
  ): Json {
    const { betNumber, head, stake, termsId } = bet;
    const range = this.#commitment(vault, seedRangeOf(betNumber));
    const serverSeed = range.seeds[Number(betNumber - firstBetOfRange(seedRangeOf(betNumber)))] as bigint;
    const outcome = outcomeOf({ serverSeed, head });
    const payout = payoutOf({ ...bet, won: outcome === bet.choice, profitBps: PROFIT_BPS });
    vault.balance += payout - stake;
    vault.lastBet = betNumber;
    vault.head = head;
    const truth: Receipt = {
      ...vault.context,
      ...{ termsId, betNumber, head, serverSeed, outcome, stake, payout, balanceAfter: vault.balance, time: 1_700_000_000_000n },
    };
    const receipt = this.lies.receipt?.(truth) ?? truth;
    return {
      bet_id: fieldToHex(receipt.head),
      nonce: receipt.betNumber.toString(),
      outcome: receipt.outcome === 1 ? 'heads' : 'tails',
      payout: receipt.payout.toString(),
      balance: receipt.balanceAfter.toString(),
      status: 'acknowledged',
      vrf: {
        server_seed: fieldToHex(receipt.serverSeed),
        path: seedPath(range.tree, betNumber).map(toHex),
        commitment: range.signed,
      },
      limit: this.#limit(vault),
      receipt: sign(encodeReceipt(receipt)),
    };
  }

  #refuse(vault: FakeVault, input: { betNumber: bigint; head: bigint; code: number }) {
    const truth: Refusal = { ...vault.context, ...input };
    const refusal = sign(encodeRefusal(this.lies.refusal?.(truth) ?? truth));
    return errorAnswer(422, { code: 'REFUSED', retry: false, reason: 'a reason', refusal });
  }

  #limit(vault: FakeVault) {
    const { termsId, maxStakeUnits } = this;
    const truth: Limit = { ...vault.context, termsId, maxStakeUnits, throughBet: vault.lastBet + 512n };
    return sign(encodeLimit(this.lies.limit?.(truth) ?? truth));
  }

  #commitment(vault: FakeVault, rangeIndex: bigint) {
    const k = this.lies.k ?? K;
    const key = `${vault.address}/${rangeIndex}/${k}`;
    const { seeds, tree } = this.#ranges.get(key) ?? rangeOfSeeds({ k, accountId: vault.accountId }, rangeIndex);
    this.#ranges.set(key, { seeds, tree });
    const truth: SeedCommitment = { ...vault.context, termsId: this.termsId, rangeIndex, root: seedRoot(tree) };
    return { seeds, tree, signed: sign(encodeSeedCommitment(this.lies.commitment?.(truth) ?? truth)) };
  }
}

/** A message of the house as JSON. */
export function sign(message: Uint8Array, secret: Uint8Array = RECEIPT_SECRET): { message: string; signature: string } {
  return { message: toHex(message), signature: toHex(ed25519.sign(message, secret)) };
}

function rangeOfSeeds(owner: { k: bigint; accountId: bigint }, rangeIndex: bigint) {
  const vaultKey = vaultKeyOf(owner);
  const first = firstBetOfRange(rangeIndex);
  const seeds = Array.from({ length: 256 }, (_, index) => serverSeedOf({ vaultKey, betNumber: first + BigInt(index) }));
  return { seeds, tree: seedTree(seeds) };
}

function errorAnswer(status: number, error: Json): { status: number; body: Json } {
  return { status, body: { error: { message: String(error.code), ...error } } };
}
