import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { getBase64Decoder, getBase64Encoder, type Signature } from '@solana/kit';
import type { ChainRpc } from '../sequencer/chain/rpc.ts';
import { followToEnd, type SignedBytes, signTransaction, type TransactionInput } from '../sequencer/chain/transactions.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { syncDirectory, writeFileDurably } from '../sequencer/operations/files.ts';

const OWNER_ONLY = 0o600;

/** A transaction that must not be made twice, kept in a file from before it is sent until its end is known. */
export class KeptTransaction {
  readonly #path: string;
  readonly #directory: string;
  readonly #rpc: ChainRpc;
  readonly #chain: string;

  /** `chain`: the genesis hash, base58. A file of another chain is refused (`CHAIN_MISMATCH`). */
  constructor(options: { rpc: ChainRpc; directory: string; name: string; chain: string }) {
    this.#directory = options.directory;
    this.#path = join(this.#directory, `${options.name}.json`);
    this.#rpc = options.rpc;
    this.#chain = options.chain;
  }

  /** What an interrupted run had sent, or was about to, followed to its end; undefined if there is none, or if it never can land. */
  async finish(): Promise<{ signature: Signature; note: string } | undefined> {
    const kept = this.#read();
    if (!kept) return undefined;
    const landed = await this.#follow(kept, { sentBefore: true });
    return landed ? { signature: kept.signature, note: kept.note } : undefined;
  }

  /** Signs, keeps, sends, until it is final. Signs anew only once the bytes before can not land any more. `note`: what it does. */
  async send(input: TransactionInput, note: string): Promise<Signature> {
    for (;;) {
      const signed = await signTransaction(this.#rpc, input);
      this.#write(signed, note);
      if (await this.#follow(signed, { sentBefore: false })) return signed.signature;
    }
  }

  async #follow(signed: SignedBytes, before: { sentBefore: boolean }): Promise<boolean> {
    try {
      const landed = await followToEnd(this.#rpc, signed, before);
      this.#forget();
      return landed;
    } catch (error) {
      // Refused, or landed and failed: its end is known, and it moved nothing.
      if (error instanceof CasinoError && error.code === 'SETTLEMENT_REJECTED') this.#forget();
      throw error;
    }
  }

  #write({ bytes, signature, lastValidBlockHeight }: SignedBytes, note: string): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    const json = { chain: this.#chain, note, signature, lastValidBlockHeight: `${lastValidBlockHeight}`, bytes: base64(bytes) };
    writeFileDurably(this.#path, new TextEncoder().encode(`${JSON.stringify(json)}\n`), OWNER_ONLY);
  }

  #read(): (SignedBytes & { note: string }) | undefined {
    if (!existsSync(this.#path)) return undefined;
    const kept = JSON.parse(readFileSync(this.#path, 'utf8')) as Record<string, string>;
    if (kept.chain !== this.#chain) {
      throw new CasinoError('CHAIN_MISMATCH', `${this.#path} is an unfinished transaction on the chain ${kept.chain}`);
    }
    const bytes = new Uint8Array(getBase64Encoder().encode(kept.bytes as string));
    const lastValidBlockHeight = BigInt(kept.lastValidBlockHeight as string);
    return { bytes, signature: kept.signature as Signature, lastValidBlockHeight, note: kept.note as string };
  }

  #forget(): void {
    rmSync(this.#path, { force: true });
    syncDirectory(this.#directory);
  }
}

const base64 = (bytes: Uint8Array): string => getBase64Decoder().decode(bytes);
