import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { getAddressDecoder } from '@solana/kit';
import { blobHashOf } from '../../protocol/blob.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { decodeReceipt, encodeReceipt, type Receipt } from '../../protocol/messages.ts';
import { parseReceiptFile, type ReceiptFile, receiptFileText } from '../../protocol/receipt-file.ts';
import { dataPaths } from '../../sequencer/context.ts';
import { ChainWorld } from '../../sequencer/test/chain-world.ts';
import { type BetReport, type VerifyBetInput, verifyBet } from '../bet/verify-bet.ts';
import type { BlobSource } from '../blob-source.ts';
import { copyOf, playBack, type RecordedChain, record } from './recording.ts';

/** Two bettors' settled bets on a real chain, its history kept, and the receipt files of all of them. */
export class BetWorld {
  readonly world: ChainWorld;
  /** As it was once all was final. */
  readonly chain: RecordedChain;
  /** By bettor, then by bet number from 1. */
  readonly files: ReceiptFile[][];
  readonly #receiptSeed: Uint8Array;

  private constructor(parts: { world: ChainWorld; chain: RecordedChain; files: ReceiptFile[][]; receiptSeed: Uint8Array }) {
    this.world = parts.world;
    this.chain = parts.chain;
    this.files = parts.files;
    this.#receiptSeed = parts.receiptSeed;
  }

  static async open(bets: number): Promise<BetWorld> {
    const world = await ChainWorld.open(2);
    try {
      return await BetWorld.#record(world, bets);
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  static async #record(world: ChainWorld, bets: number): Promise<BetWorld> {
    await world.bet(bets);
    await world.settleAndCheck();
    const { house, program } = world.house;
    const chain = await record({ url: world.node.url, house, program, addresses: [] });
    const files = await Promise.all(
      world.answered.map((answered) =>
        Promise.all(
          answered.map(async ({ head }) => {
            const answer = await fetch(`${world.apiUrl}/v1/bets/${head}/receipt`);
            return parseReceiptFile(await answer.text());
          }),
        ),
      ),
    );
    const { receiptSeed } = await world.operator();
    return new BetWorld({ world, chain, files, receiptSeed });
  }

  close(): Promise<void> {
    return this.world.close();
  }

  /** The second bettor's bet of this number. */
  file(betNumber: number): ReceiptFile {
    return structuredClone(this.files[1]?.[betNumber - 1] as ReceiptFile);
  }

  /** The service's blobs, found by what they are and not by what they are called. */
  get blobs(): BlobSource {
    const { blobs } = dataPaths(this.world.directory);
    return {
      get: async (hash) =>
        readdirSync(blobs)
          .map((name) => new Uint8Array(readFileSync(join(blobs, name))))
          .find((bytes) => compareBytes(blobHashOf(bytes), hash) === 0),
    };
  }

  async blobOf(file: ReceiptFile): Promise<Uint8Array> {
    const run = this.world.batches().find(({ signature }) => signature === file.settlement?.signature);
    return (await this.blobs.get(run?.blobHash as Uint8Array)) as Uint8Array;
  }

  /** A copy of the chain that a test may change. */
  copy(): RecordedChain {
    return copyOf(this.chain);
  }

  /** Verifies a file against the recorded chain, with the service's blobs unless told otherwise. */
  verify(file: ReceiptFile | string, change: Partial<VerifyBetInput> & { chain?: RecordedChain } = {}): Promise<BetReport> {
    const { chain = this.chain, ...rest } = change;
    const receiptFile = typeof file === 'string' ? file : receiptFileText(file);
    return verifyBet({ receiptFile, rpc: playBack(chain), blobs: this.blobs, ...rest });
  }

  /** The file with another receipt, signed by the house's own key, or by another one. */
  signed(file: ReceiptFile, change: Partial<Receipt>, seed: Uint8Array = this.#receiptSeed): ReceiptFile {
    const message = encodeReceipt({ ...decodeReceipt(file.receipt.message), ...change });
    const key = getAddressDecoder().decode(ed25519.getPublicKey(seed));
    return { ...file, receipt: { message, signature: ed25519.sign(message, seed), key } };
  }
}

/** Names of the checks of a report that failed. */
export const failedOf = ({ checks }: BetReport): string[] =>
  checks.filter(({ result }) => result === 'failed').map(({ name }) => name);
