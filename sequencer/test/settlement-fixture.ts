import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { BatchStatement } from '../../protocol/batch.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import { TermsBook } from '../admission/seeds.ts';
import type { RemoteBlobStore } from '../blobs/remote-store.ts';
import { BlobStore } from '../blobs/store.ts';
import type { VaultView } from '../chain/view.ts';
import { type Clock, SYSTEM_CLOCK } from '../clock.ts';
import { addressBytes } from '../ledger/addresses.ts';
import type { BatchState } from '../ledger/records.ts';
import { UnfinishedBatches } from '../settlement/batches.ts';
import { BatchBuilder } from '../settlement/builder.ts';
import type { PacketLimit } from '../settlement/packet-limit.ts';
import type { BatchSize } from '../settlement/planner.ts';
import { BlobPublisher } from '../settlement/publisher.ts';
import { Settlement } from '../settlement/settlement.ts';
import { AdmissionFixture, chainView, DOMAIN, HOUSE, K, TestBettor } from './admission-fixture.ts';
import { FakeSettlementChain } from './fake-settlement-chain.ts';

/** The smallest size: three bets of one vault. */
export const TINY: BatchSize = { name: 'tiny', vkId: 1, maxBets: 3, maxVaults: 1 };
const SIZES = [TINY, { name: 'small', vkId: 2, maxBets: 6, maxVaults: 2 }];
/** A size with room for eight vaults. */
export const WIDE: BatchSize = { name: 'wide', vkId: 3, maxBets: 24, maxVaults: 8 };
const LONGEST_SLEEP_MS = 10;
const MAX_TRIES = 3_000;

/** Settlement over a real ledger and a chain that fails as told, with three bettors. */
export class SettlementFixture {
  readonly chain = new FakeSettlementChain();
  readonly bettors: TestBettor[];
  sizes: readonly BatchSize[];
  readonly admission = new AdmissionFixture({
    limits: { maxStakeUnits: 50n, maxOpenBetsPerVault: 1_000, maxOpenBets: () => 1_000 },
  });
  readonly blobsDirectory = mkdtempSync(join(tmpdir(), 'blobs-'));
  settlement: Settlement | undefined;
  publisher: BlobPublisher | undefined;
  /** Where blobs are published besides. */
  stores: RemoteBlobStore[] = [];
  unfinished!: UnfinishedBatches;
  builder!: BatchBuilder;
  /** Called with each statement before it is proven; may throw, or take its time. */
  onProve: (statement: BatchStatement) => void | Promise<void> = () => {};
  parallelProofs = 2;
  /** Lines that settlement logged as errors. */
  readonly errors: Record<string, unknown>[] = [];
  /** The most vaults that a packet takes, and the vaults that it was too small for. */
  maxPacketVaults = 1_000;
  readonly crowded: Uint8Array[][] = [];
  readonly packet: PacketLimit = {
    fits: ({ runs }) => runs.length <= this.maxPacketVaults,
    crowded: (vaults) => void this.crowded.push([...vaults]),
  };
  nowMs = 1_790_000_000_000;
  slot = 0n;
  /** So long that an exit delay outlasts every back-off. */
  slotMs = 200_000;
  proofs = true;
  /** Time as the test sets it; sleeps are short. */
  readonly clock: Clock = {
    nowMs: () => this.nowMs,
    sleep: (durationMs, signal) => SYSTEM_CLOCK.sleep(Math.min(durationMs, LONGEST_SLEEP_MS), signal),
    random: () => 0.5,
  };

  constructor({ bettors = 3, sizes = SIZES }: { bettors?: number; sizes?: readonly BatchSize[] } = {}) {
    this.sizes = sizes;
    this.bettors = Array.from({ length: bettors }, (_, index) => new TestBettor(index + 1));
    this.chain.shown = (vault) => this.bettors.find((bettor) => bettor.vault === vault)?.view();
  }

  get alice(): TestBettor {
    return this.bettors[0] as TestBettor;
  }

  get read() {
    return this.admission.ledger.read;
  }

  /** Provers of these sizes. */
  get provers() {
    return this.sizes.map((size) => ({
      circuit: size,
      prove: async (statement: BatchStatement) => {
        await this.onProve(statement);
        return { compressed: new Uint8Array(128), witnessMs: 1, proveMs: 1 };
      },
    }));
  }

  async open(): Promise<this> {
    await this.admission.open();
    await this.look();
    return this;
  }

  async close(): Promise<void> {
    await this.stop();
    await this.admission.close();
    rmSync(this.blobsDirectory, { recursive: true, force: true });
  }

  blob(hash: Uint8Array): Uint8Array {
    return new BlobStore(this.blobsDirectory).get(hash);
  }

  /** Shows the chain to admission and settlement; `change` alters Alice's vault, `confirmed` what is merely confirmed of it. */
  async look(change: Partial<VaultView> = {}, confirmed: Partial<VaultView> = {}): Promise<void> {
    this.slot += 1n;
    const changed = (commitment: 'confirmed' | 'finalized', extra: Partial<VaultView>) =>
      this.bettors
        .map((bettor) => this.chain.vaultAfter(bettor.view(), commitment))
        .map((view) => (view.address === this.alice.vault ? { ...view, ...extra } : view));
    const house = { lastTransfer: this.chain.lastTransfer };
    const view = chainView(this.slot, changed('finalized', change), {
      house,
      confirmed: changed('confirmed', { ...change, ...confirmed }),
    });
    await this.admission.book.observe(view);
  }

  async place(bettor: TestBettor, count: number, stakeUnits = 1n): Promise<void> {
    const { admission } = this.admission;
    await admission.limitOf(admission.vaultOf(bettor.owner));
    for (let index = 0; index < count; index += 1) {
      const request = bettor.sign({ stakeUnits });
      await admission.placeBet(request);
      bettor.accept(request);
    }
  }

  /** Makes the builder and the list of unfinished batches, without the loops. */
  prepare(): void {
    const { ledger, book } = this.admission;
    const secrets = [1, 2].map((id) => ({
      id,
      profitBps: 9_800,
      k: K + BigInt(id),
      vrfCommitment: vrfCommitmentOf(K + BigInt(id)),
    }));
    const terms = new TermsBook(secrets, 1);
    const blobs = new BlobStore(this.blobsDirectory);
    const house = addressBytes(HOUSE);
    this.builder = new BatchBuilder({
      read: ledger.read,
      book,
      terms,
      blobs,
      sizes: this.sizes,
      packet: this.packet,
      domain: DOMAIN,
      house,
    });
    this.unfinished = new UnfinishedBatches({ ledger, clock: this.clock, onChange: () => {} });
  }

  build() {
    const { unfinished, nowMs } = this;
    return this.builder.build({ unfinished, sizes: this.sizes, nowMs }).batch;
  }

  start(): void {
    this.prepare();
    const { chain, unfinished, builder, proofs, slotMs } = this;
    const provers = proofs ? this.provers : [];
    const { book, ledger } = this.admission;
    const timing = {
      batchWaitMs: 0,
      batchThreshold: 1,
      pollMs: 1,
      slotMs,
      parallelProofs: this.parallelProofs,
      clock: this.clock,
    };
    const log = pino({ level: 'error' }, { write: (line) => this.errors.push(JSON.parse(line) as Record<string, unknown>) });
    const bytesOf = builder.blobBytes.bind(builder);
    const publisher = new BlobPublisher({ stores: this.stores, bytesOf, clock: this.clock, log });
    this.publisher = publisher;
    this.settlement = new Settlement({ chain, unfinished, builder, publisher, book, ledger, proofs, provers, ...timing, log });
    this.settlement.start();
  }

  async stop(): Promise<void> {
    await this.settlement?.stop();
    this.settlement = undefined;
  }

  /** What a crash and a start leave: the ledger alone. */
  async restart(): Promise<void> {
    await this.stop();
    await this.admission.reopen();
    await this.look();
    this.start();
  }

  /** The n-th bettor, from 0. */
  bettor(index: number): TestBettor {
    return this.bettors[index] as TestBettor;
  }

  /** Addresses of vaults that are held. */
  held(): string[] {
    return [...this.admission.book.all()].filter(({ quarantine }) => quarantine).map(({ address }) => address);
  }

  /** States of all batches, newest first. */
  states(): BatchState[] {
    return this.read.batches({ before: 1_000n, limit: 100 }).map(({ state }) => state);
  }

  async until(condition: () => boolean, step: () => void | Promise<void> = () => {}): Promise<void> {
    for (let tries = 0; !condition(); tries += 1) {
      assert.ok(tries < MAX_TRIES, `still ${this.states()}`);
      await step();
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  untilState(state: BatchState, step?: () => void): Promise<void> {
    return this.until(() => this.states()[0] === state, step);
  }

  settleAll(): Promise<void> {
    return this.until(
      () => this.admission.book.openBets === 0 && this.states().every((state) => state === 'Finalized'),
      async () => {
        this.chain.finalizeAll();
        await this.look();
      },
    );
  }

  /** Every bet settled exactly once, in order, and the chain's balances are the receipts'. */
  assertSettledOnce(): void {
    for (const bettor of this.bettors) {
      const vault = addressBytes(bettor.vault);
      const runs = this.chain.landed.flatMap(({ batch }) => batch.runs).filter((run) => Buffer.from(run.vault).equals(vault));
      let next = 1n;
      for (const run of runs) {
        assert.equal(run.firstBet, next);
        next += BigInt(run.betCount);
      }
      assert.equal(next, bettor.next);
      const last = this.read.bet(vault, bettor.next - 1n);
      assert.equal(this.chain.vaultAfter(bettor.view()).balance, last?.balanceAfter ?? 1_000_000n);
    }
  }
}
