import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKeyPairSignerFromPrivateKeyBytes, type KeyPairSigner, lamports, type Signature } from '@solana/kit';
import { pino } from 'pino';
import type { BetResult } from '../../client/bet-run.ts';
import { CasinoClient } from '../../client/client.ts';
import { MemoryStore } from '../../client/store.ts';
import { type BatchSettled, type CasinoInstruction, eventsOf } from '../../program/client/index.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { ChainReader } from '../chain/reader.ts';
import { connectRpc } from '../chain/rpc.ts';
import { sendAndFinalize } from '../chain/transactions.ts';
import { DEFAULTS } from '../config.ts';
import { dataPaths } from '../context.ts';
import { CasinoError } from '../errors.ts';
import { addressBytes } from '../ledger/addresses.ts';
import { LedgerReader } from '../ledger/reader.ts';
import type { BatchRecord, BatchState } from '../ledger/records.ts';
import { loadOperatorKeys } from '../operations/keys.ts';
import { reconcile } from '../operations/reconcile.ts';
import type { Proving } from '../prover/proving.ts';
import { type Service, startService } from '../service.ts';
import { ChainProxy } from './chain-proxy.ts';
import { simulatedProving } from './simulated-proving.ts';
import { TestNode } from './test-node.ts';

export const SOL = 1_000_000_000n;
const PATIENCE_MS = 20_000;
const LOOK_MS = 10;
const STAKE = 100_000n;
const RETRY = { maxElapsedMs: 5_000, firstDelayMs: 100, maxDelayMs: 500 };
/** States that may follow a state; '' is a batch that is not there. */
const NEXT: Record<BatchState | '', readonly (BatchState | '')[]> = {
  '': ['Pending'],
  Pending: ['Proving', ''],
  Proving: ['Proved', ''],
  Proved: ['Proved', 'Submitted', ''],
  Submitted: ['Submitted', 'Confirmed', ''],
  Confirmed: ['Finalized', 'Submitted'],
  Finalized: [],
};

/** Starts that may fail before a world is given up. */
const MAX_FAILED_STARTS = 100;

export interface Health {
  status: 'ok' | 'degraded';
  leading: boolean;
  problems: { code: string; message: string }[];
  chain: { slot: string; age_ms: number };
  settlement: { unfinished_batches: number; open_bets: number };
}

/**
 * The whole service, real clients and a real chain, with a proxy between the service and the chain. Clients talk to the chain
 * directly, so that a fault is the service's alone.
 */
export class ChainWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'faults-'));
  readonly clients: CasinoClient[] = [];
  readonly wallets: KeyPairSigner[] = [];
  /** Every answered bet, by client. */
  readonly answered: BetResult[][] = [];
  proving: Proving = simulatedProving();
  blobStores: readonly string[] = DEFAULTS.blobStores;
  /** What ended the service by itself. */
  fatal: CasinoError | undefined;
  node!: TestNode;
  proxy!: ChainProxy;
  /** Where clients find the service, also after it was started again. */
  #port = 0;
  #service: Service | undefined;
  #ledger: LedgerReader | undefined;

  /** A running service with this many bettors who can bet; without bettors the service is not started. */
  static async open(bettors = 2): Promise<ChainWorld> {
    const world = new ChainWorld();
    try {
      world.node = await TestNode.start(join(world.directory, 'chain'));
      world.node.run();
      world.proxy = await ChainProxy.start(world.node.url);
      // The service waits for the chain but half a second a call, which a busy machine can take.
      if (bettors > 0) await world.startSupervised();
      await Promise.all(Array.from({ length: bettors }, (_, index) => world.seat(index)));
      return world;
    } catch (error) {
      // What stays open would keep the test's process from ever ending.
      await world.close();
      throw error;
    }
  }

  /** Starts the service, which reaches the chain through the proxy. */
  async start(): Promise<void> {
    const timing = { slotMs: 40, pollMs: 20, batchWaitMs: 0, batchThreshold: 1, rpcTimeoutMs: 500 };
    // Long enough that no test's fault stops bets: those that mean to say so.
    const house = { exitDelaySlots: 20_000n, changeDelaySlots: 40_000n };
    const { directory: dataDirectory, blobStores } = this;
    this.#service = await startService({
      config: { ...DEFAULTS, ...timing, ...house, dataDirectory, blobStores, rpcUrl: this.proxy.url, port: this.#port },
      log: pino({ level: process.env.FAULTS_LOG ?? 'silent' }),
      onProgress: () => {},
      onFatal: (error) => {
        this.fatal = error;
      },
      proving: this.proving,
    });
    this.#port = Number(new URL(this.#service.url).port);
  }

  async stop(): Promise<void> {
    await this.#service?.stop();
    this.#service = undefined;
  }

  /** As a supervisor does: starts until it works, as long as the errors say that a restart may help. Resolves to how many starts failed. */
  async startSupervised(): Promise<number> {
    for (let failed = 0; ; failed += 1) {
      try {
        await this.start();
        return failed;
      } catch (error) {
        if ((error instanceof CasinoError && !error.retry) || failed === MAX_FAILED_STARTS) throw error;
      }
    }
  }

  async close(): Promise<void> {
    await this.stop();
    this.#ledger?.close();
    await this.proxy?.close();
    await this.node?.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  async seat(index: number): Promise<void> {
    const wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(1 + index));
    await connectRpc(this.node.url)
      .requestAirdrop(wallet.address, lamports(100n * SOL))
      .send();
    const store = new MemoryStore();
    const place = { apiUrl: this.apiUrl, rpcUrl: this.node.url, retry: RETRY };
    const client = await CasinoClient.connect({ ...place, wallet, store });
    await client.openVault();
    await client.deposit(SOL);
    this.clients[index] = client;
    this.wallets[index] = wallet;
    this.answered[index] = [];
  }

  get apiUrl(): string {
    assert.ok(this.#service, 'the service runs');
    return this.#service.url;
  }

  get house() {
    return (this.clients[0] as CasinoClient).house;
  }

  get ledger(): LedgerReader {
    this.#ledger ??= new LedgerReader(dataPaths(this.directory).ledger);
    return this.#ledger;
  }

  /** Batches, oldest first. */
  batches(): BatchRecord[] {
    return this.ledger.batches({ before: 1_000n, limit: 1_000 }).reverse();
  }

  /** The first batch that is not final. */
  get current(): BatchRecord | undefined {
    return this.batches().find(({ state }) => state !== 'Finalized');
  }

  /** Each client bets this often. */
  async bet(count = 1, clients = this.clients): Promise<void> {
    await Promise.all(
      clients.map(async (client) => {
        const answered = this.answered[this.clients.indexOf(client)] as BetResult[];
        for (let placed = 0; placed < count; placed += 1) answered.push(await client.bet({ amount: STAKE, guess: 'heads' }));
      }),
    );
  }

  async health(): Promise<Health> {
    return (await (await fetch(`${this.apiUrl}/health`)).json()) as Health;
  }

  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const deadlineMs = performance.now() + PATIENCE_MS;
    while (!(await condition())) {
      if (performance.now() > deadlineMs) assert.fail(`waited in vain: ${what}; ${this.#standing()}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Waits until the first batch that is not final is in this state. */
  async untilState(state: BatchState): Promise<BatchRecord> {
    await this.until(`a batch is ${state}`, () => this.current?.state === state);
    return this.current as BatchRecord;
  }

  /** Sends an instruction of somebody else's straight to the chain, and waits until it is final. */
  async elsewhere(payer: KeyPairSigner, instruction: Promise<CasinoInstruction> | CasinoInstruction): Promise<void> {
    const instructions = [await instruction];
    await sendAndFinalize(connectRpc(this.node.url), { payer, instructions, computeUnits: 100_000 });
  }

  operator() {
    return loadOperatorKeys(dataPaths(this.directory).keys);
  }

  /** Waits until nothing is owed, and checks that every answered bet is settled exactly once and that the books agree. */
  async settleAndCheck(): Promise<void> {
    await this.until('all is final', async () => {
      const { settlement } = await this.health();
      return settlement.open_bets === 0 && settlement.unfinished_batches === 0 && this.#allBatched();
    });
    assert.equal(this.fatal, undefined);
    const settled = await this.#settledOnChain();
    this.#checkBatches(settled);
    await this.#checkVaults(settled);
    const reader = new ChainReader({ ...this.house, rpc: connectRpc(this.node.url), nowMs: Date.now });
    assert.deepEqual((await reconcile({ reader, read: this.ledger, nowMs: Date.now })).discrepancies, []);
  }

  /** The events of all batches that the house's history holds, oldest first. */
  async #settledOnChain(): Promise<(BatchSettled & { signature: string })[]> {
    const rpc = connectRpc(this.node.url);
    const { house, program } = this.house;
    const settled: (BatchSettled & { signature: string })[] = [];
    const options = { commitment: 'finalized', encoding: 'base64', maxSupportedTransactionVersion: 0 } as const;
    for (const { signature, err } of await rpc.getSignaturesForAddress(house, { commitment: 'finalized' }).send()) {
      const transaction = err ? null : await rpc.getTransaction(signature as Signature, options).send();
      for (const event of eventsOf(transaction?.meta?.logMessages ?? [], program)) {
        if (event.name === 'BatchSettled') settled.unshift({ ...event, signature });
      }
    }
    return settled;
  }

  #checkBatches(settled: readonly (BatchSettled & { signature: string })[]): void {
    const batches = this.batches();
    assert.deepEqual(
      settled.map(({ batchNumber, signature }) => ({ batchNumber, signature })),
      batches.map(({ batchNumber, signature }) => ({ batchNumber, signature })),
    );
    for (const [index, batch] of batches.entries()) {
      assert.equal(batch.state, 'Finalized');
      assert.equal(compareBytes(batch.blobHash, (settled[index] as BatchSettled).blobHash), 0);
      let state: BatchState | '' = '';
      for (const { from, to } of this.ledger.auditTrail(batch.batchNumber)) {
        assert.equal(from, state);
        assert.ok(NEXT[from].includes(to), `${from} -> ${to}`);
        state = to;
      }
      assert.equal(state, 'Finalized');
    }
  }

  async #checkVaults(settled: readonly BatchSettled[]): Promise<void> {
    for (const [index, client] of this.clients.entries()) {
      const answered = this.answered[index] as BetResult[];
      const runs = settled.flatMap((batch) => batch.runs).filter(({ vault }) => vault === client.vaultAddress);
      let next = 1n;
      for (const run of runs) {
        assert.equal(run.firstBet, next);
        next += BigInt(run.betCount);
      }
      assert.equal(next, 1n + BigInt(answered.length), 'every answered bet is settled once');
      const vault = await client.vault('finalized');
      assert.ok(vault);
      const { available } = await client.balance();
      assert.equal(vault.balance + vault.pendingDeposit, available);
    }
  }

  #allBatched(): boolean {
    return this.clients.every(({ vaultAddress }, index) => {
      const known = this.ledger.vault(addressBytes(vaultAddress));
      return known?.batchedThrough === BigInt((this.answered[index] as BetResult[]).length);
    });
  }

  #standing(): string {
    const batches = this.batches().map(({ batchNumber, state }) => `${batchNumber} ${state}`);
    return `batches ${batches.join(', ')}; fatal ${this.fatal?.message}; slot ${this.node.slot}; held ${this.proxy.held}`;
  }
}
