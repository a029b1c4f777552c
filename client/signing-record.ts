import { sha256 } from '@noble/hashes/sha2.js';
import { fieldToHex, toHex } from '../protocol/bytes.ts';
import { ClientError } from './errors.ts';
import { type KeptReceipt, keptReceiptOf, keptReceiptText } from './kept-receipt.ts';
import { JsonReader, parseJson, type SignedBytes } from './parse.ts';
import { type PendingBet, recordOf, recordText, type SigningRecord, signedJson } from './record.ts';
import type { ClientStore } from './store.ts';

export type SecretName = 'session' | 'next-session';

/** The signing record of one vault in a store, and the evidence beside it. */
export class RecordBook {
  readonly #store: ClientStore;
  readonly #prefix: string;

  /** The cluster is in the key: a house of a fresh local chain can have the address of an earlier one. */
  constructor(store: ClientStore, vault: { genesisHash: string; house: string; owner: string }) {
    this.#store = store;
    this.#prefix = `${vault.genesisHash}/${vault.house}/${vault.owner}`;
  }

  /** Runs an action alone among all that touch this vault's record. */
  alone<T>(action: () => Promise<T>): Promise<T> {
    return this.#store.withLock(this.#prefix, action);
  }

  /** `STORE_CORRUPT` if what is there is not a record. */
  async load(): Promise<SigningRecord | undefined> {
    const text = await this.#store.get(`${this.#prefix}/record`);
    return text === undefined ? undefined : stored(() => recordOf(parseJson(text, 'record')));
  }

  /** Durable when it resolves. */
  async save(record: SigningRecord): Promise<void> {
    await this.#store.put(`${this.#prefix}/record`, recordText(record));
  }

  /** The committed root that this client saw first for a range of seeds, as the house signed it. */
  async seedCommitment(range: { termsId: number; rangeIndex: bigint }): Promise<SignedBytes | undefined> {
    return this.#signed(`seeds/${range.termsId}-${range.rangeIndex}`);
  }

  async saveSeedCommitment(range: { termsId: number; rangeIndex: bigint }, commitment: SignedBytes): Promise<void> {
    await this.#saveSigned(`seeds/${range.termsId}-${range.rangeIndex}`, commitment);
  }

  receipt(betNumber: bigint): Promise<SignedBytes | undefined> {
    return this.#signed(`receipts/${betNumber}`);
  }

  /** A receipt with the bet and the seed's path beside it: all that a receipt file is made of. */
  async saveReceipt(betNumber: bigint, kept: KeptReceipt): Promise<void> {
    await this.#store.put(`${this.#prefix}/receipts/${betNumber}`, keptReceiptText(kept));
  }

  /** What was kept with a receipt; `bet` undefined if an earlier version kept the receipt alone. */
  async keptReceipt(betNumber: bigint): Promise<KeptReceipt | { receipt: SignedBytes; bet: undefined } | undefined> {
    const text = await this.#store.get(`${this.#prefix}/receipts/${betNumber}`);
    return text === undefined ? undefined : stored(() => keptReceiptOf(text));
  }

  /** Keeps a refusal beside what it refused, under the bet's number and head. The first one stays. */
  async saveRefusal(bet: PendingBet, refusal: SignedBytes): Promise<void> {
    const key = `${this.#prefix}/refusals/${bet.betNumber}-${fieldToHex(bet.head)}`;
    if ((await this.#store.get(key)) !== undefined) return;
    const refused = { betPack: fieldToHex(bet.packed), clientSeed: fieldToHex(bet.clientSeed) };
    await this.#store.put(key, JSON.stringify({ ...signedJson(refusal), ...refused }));
  }

  /** Keeps what convicts the house: bytes in hex by name. Its hash ends the key, so that no evidence replaces another. */
  async saveEvidence(name: string, evidence: Readonly<Record<string, string>>): Promise<void> {
    const text = JSON.stringify(evidence);
    const hash = toHex(sha256(new TextEncoder().encode(text))).slice(0, EVIDENCE_HASH_DIGITS);
    await this.#store.put(`${this.#prefix}/evidence/${name}-${hash}`, text);
  }

  /** What a session key is made from: the present one's, or that of the one that a rotation is to make present. */
  async secret(which: SecretName): Promise<string | undefined> {
    return this.#store.get(`${this.#prefix}/${which}`);
  }

  async saveSecret(which: SecretName, text: string): Promise<void> {
    await this.#store.put(`${this.#prefix}/${which}`, text);
  }

  async #signed(name: string): Promise<SignedBytes | undefined> {
    const text = await this.#store.get(`${this.#prefix}/${name}`);
    if (text === undefined) return undefined;
    return stored(() => new JsonReader({ signed: parseJson(text, name) }, name).signed('signed'));
  }

  async #saveSigned(name: string, signed: SignedBytes): Promise<void> {
    await this.#store.put(`${this.#prefix}/${name}`, JSON.stringify(signedJson(signed)));
  }
}

/** Reads what the store holds; anything else than what was written is `STORE_CORRUPT`. */
export function stored<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw new ClientError('STORE_CORRUPT', 'the store holds something else than what was written', { cause });
  }
}

const EVIDENCE_HASH_DIGITS = 32;
