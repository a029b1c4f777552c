import { cpSync, readFileSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { LocalChain } from '../../localchain/chain.ts';
import { deriveFromSeed } from '../../localchain/genesis.ts';
import { type RpcServer, startServer } from '../../localchain/server.ts';
import { SlotMark } from '../../localchain/slot-mark.ts';
import { ManualClock, waitFor } from '../../localchain/test-harness.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../config.ts';

const PROGRAM_PATH = new URL('../../program/prebuilt/zk_casino.so', import.meta.url).pathname;
const SLOT_MS = 10;
const TICK_MS = 40;
const SILENT = { info: () => {}, warn: () => {} };
/** The most slots that the chain catches up at once. */
const MAX_STEP_SLOTS = 32;

export const CONFIRM_SLOTS = 1;
export const FINALIZE_SLOTS = 5;

/**
 * A Solana node over a real local chain whose time a test holds: it runs by itself, stands still, jumps ahead, forks into a second
 * node that stays behind, or loses its newest transactions as a fork would take them.
 */
export class TestNode {
  readonly directory: string;
  readonly #clock = new ManualClock();
  #chain!: LocalChain;
  #server!: RpcServer;
  #port = 0;
  #ticker: NodeJS.Timeout | undefined;

  private constructor(directory: string) {
    this.directory = directory;
  }

  static async start(directory: string): Promise<TestNode> {
    const node = new TestNode(directory);
    await node.#open();
    return node;
  }

  get url(): string {
    return this.#server.url;
  }

  get slot(): number {
    return this.#chain.slotAt('processed');
  }

  /** Lets time pass by itself: a blockhash lives for 6 seconds, a transaction is final after 200 ms. */
  run(): void {
    clearInterval(this.#ticker);
    this.#ticker = setInterval(() => this.#clock.add(SLOT_MS), TICK_MS);
  }

  /** Lets time stand still. */
  pause(): void {
    clearInterval(this.#ticker);
  }

  /** Passes this many slots at once. */
  async addSlots(slots: number): Promise<void> {
    const target = this.slot + slots;
    while (this.slot < target) {
      const step = Math.min(MAX_STEP_SLOTS, target - this.slot);
      const next = this.slot + step;
      this.#clock.add(step * SLOT_MS);
      await waitFor(() => this.slot >= next, `slot ${next}`);
    }
  }

  /** A second node that knows what this one knows now, and nothing later: its time stands still. */
  async replica(directory: string): Promise<TestNode> {
    cpSync(this.directory, directory, { recursive: true });
    const journalBytes = journalSize(directory);
    await writeMark(directory, { reservedSlot: this.slot, journalBytes });
    return TestNode.start(directory);
  }

  /** How much the journal holds now, for `rollBack`. */
  get journalBytes(): number {
    return journalSize(this.directory);
  }

  /** Takes everything back that the journal got behind `journalBytes`; slots go on. The node is away meanwhile. */
  async rollBack(journalBytes: number): Promise<void> {
    const { slot } = this;
    await this.close();
    truncateSync(join(this.directory, 'journal'), journalBytes);
    await writeMark(this.directory, { reservedSlot: slot, journalBytes });
    await this.#open();
  }

  async close(): Promise<void> {
    this.pause();
    await this.#server.close();
    await this.#chain.close();
  }

  async #open(): Promise<void> {
    this.#chain = await LocalChain.open({
      directory: this.directory,
      programs: [{ address: LOCAL_PROGRAM_ADDRESS, path: PROGRAM_PATH }],
      slotMs: SLOT_MS,
      confirmSlots: CONFIRM_SLOTS,
      finalizeSlots: FINALIZE_SLOTS,
      historyTransactions: 10_000,
      clock: this.#clock,
      log: SILENT,
      onFatal: (error) => {
        throw error;
      },
    });
    this.#server = await startServer({ chain: this.#chain, host: '127.0.0.1', port: this.#port, log: SILENT });
    this.#port = Number(new URL(this.url).port);
  }
}

const journalSize = (directory: string): number => readFileSync(join(directory, 'journal')).length;

async function writeMark(directory: string, mark: { reservedSlot: number; journalBytes: number }): Promise<void> {
  const { seed } = JSON.parse(readFileSync(join(directory, 'genesis.json'), 'utf8')) as { seed: string };
  const salt = deriveFromSeed(Buffer.from(seed, 'hex'), 'checksums').readUInt32LE(0);
  const file = await SlotMark.open(join(directory, 'slots'), { salt, create: false });
  await file.write(mark);
  await file.close();
}
