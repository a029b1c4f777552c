import type { Address } from '@solana/kit';
import type { Logger } from 'pino';
import { blobCid, blobHashOf } from '../protocol/blob.ts';
import { compareBytes } from '../protocol/bytes.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import type { PacketLimit } from '../sequencer/settlement/packet-limit.ts';
import { type BettorWorld, SimulatedBettor } from './bettor.ts';
import { type StoreFate, simulatedBlobStore } from './blob-store.ts';
import { type CommitFate, Disk, SimulatedLedger, simulatedArchives, simulatedBlobs } from './disk.ts';
import { drawFaults, type FaultPlan, type Outage } from './faults.ts';
import { Life } from './life.ts';
import { ModelChain } from './model/chain.ts';
import type { ModelInstruction } from './model/instructions.ts';
import type { ModelConfig } from './model/program.ts';
import { type CallFate, proofOf, type SendFate, SimulatedNode, Transactions } from './node.ts';
import { genesis, PEOPLE, SIZES, TERMS } from './people.ts';
import { type ProofFate, simulatedProvers } from './prover.ts';
import { Random } from './random.ts';
import type { Scheduler } from './scheduler.ts';
import { type RunningSequencer, runSequencer, SLOT_MS } from './sequencer.ts';

const REQUEST_TIMEOUT_MS = 10_000;
/** What one call to a node may take before it counts as unanswered, and what a proof may take. */
const CALL_TIMEOUT_MS = 15_000;
const PROOF_TIMEOUT_MS = 120_000;
/** Until a process is started again, longer while starts fail. */
const RESTART_MS = 500;
const MAX_RESTART_MS = 16_000;
const USURPER_NONCE = 7n;
/** More than a transaction needs to be final. */
const USURPATION_MS = 8_000;
/** A supervised process is started again for ever; so often in one run, it is going round in circles. */
const MAX_LIVES = 150;

/** What a test breaks in the world, to see that the checks notice: a disk that answers before it has written. */
export type Sabotage = 'lying-disk';
/** How long that disk takes. */
const LIE_MS = 1_500;

const CONFIG: ModelConfig = {
  terms: new Map(TERMS.map((terms) => [terms.id, terms])),
  keys: new Map(SIZES.map((size) => [size.vkId, size])),
  verify: (proof, input) => Buffer.from(proof).equals(proofOf(input)),
};

/** Everything around the sequencer, and the sequencer's lives: all of it from one seed. */
export class World implements BettorWorld {
  readonly scheduler: Scheduler;
  readonly chain: ModelChain;
  readonly disk = new Disk();
  /** What the store of blobs elsewhere keeps, by CID. */
  readonly published = new Map<string, Uint8Array>();
  readonly plan: FaultPlan;
  readonly bettors: SimulatedBettor[];
  readonly violations: string[] = [];
  readonly transactions = new Transactions();
  running: RunningSequencer | undefined;
  lives = 0;
  /** Why lives ended, and how often. */
  readonly deaths = new Map<string, number>();
  readonly #random: Random;
  readonly #faults: Random;
  #life: Life | undefined;
  readonly #sabotage: Sabotage | undefined;
  #usurped = false;
  #failedStarts = 0;

  constructor(seed: number, scheduler: Scheduler, sabotage: Sabotage | undefined) {
    const random = new Random(seed);
    this.#sabotage = sabotage;
    this.scheduler = scheduler;
    this.plan = drawFaults(random.fork());
    this.chain = new ModelChain({
      genesis: genesis(),
      config: CONFIG,
      random: random.fork(),
      trace: (text) => scheduler.trace(text),
    });
    this.#random = random.fork();
    this.#faults = random.fork();
    this.bettors = PEOPLE.map((person) => new SimulatedBettor(person, this, random.fork()));
  }

  /** Sets everything going; the scheduler does the rest. */
  start(): void {
    this.#tick();
    this.#boot();
    this.#crashLater();
    if (this.plan.usurpedAtMs !== undefined) this.scheduler.after(this.plan.usurpedAtMs, 'usurpation', () => this.#usurp());
    for (const bettor of this.bettors) {
      bettor.play().catch((error: unknown) => this.violate(`${bettor.person.name} stumbles over ${messageOf(error)}`));
    }
    this.scheduler.after(this.plan.endMs, 'end', () => {
      this.scheduler.trace('from here on nothing fails');
      this.send({ kind: 'fund', amount: 30_000_000n });
    });
  }

  get faulty(): boolean {
    return this.scheduler.nowMs < this.plan.endMs;
  }

  get playing(): boolean {
    return this.faulty;
  }

  get doomed(): boolean {
    return this.plan.usurpedAtMs !== undefined && !this.#usurped;
  }

  get usurped(): boolean {
    return this.#usurped;
  }

  violate(text: string): void {
    this.scheduler.trace(`VIOLATION: ${text}`);
    this.violations.push(text);
  }

  vault(address: Address) {
    const vault = this.chain.at('finalized').state.vaults.get(address);
    if (!vault) throw new Error(`no vault ${address}`);
    return vault;
  }

  canExit(address: Address): boolean {
    const { requestAmount, requestDeadline } = this.vault(address);
    return requestAmount > 0n && this.chain.at('finalized').slot > requestDeadline;
  }

  send(instruction: ModelInstruction): void {
    const transaction = this.transactions.sign(instruction, this.chain.at('confirmed'));
    for (const inSlots of this.#sendFate()) this.chain.submit(transaction, inSlots);
  }

  ask<T>(name: string, act: (running: RunningSequencer) => Promise<T>): Promise<T> {
    const random = this.#faults;
    const share = (of: 'requestLost' | 'answerLost' | 'requestTwice') => this.faulty && random.chance(this.plan[of]);
    return new Promise((resolve, reject) => {
      const unanswered = () => reject(new CasinoError('CHAIN_UNREACHABLE', 'no answer'));
      this.scheduler.after(REQUEST_TIMEOUT_MS, 'timeout', unanswered);
      for (let copies = share('requestTwice') ? 2 : 1; copies > 0; copies -= 1) {
        const lost = share('requestLost') || this.#isOut('network');
        const [thereMs, backMs, answerLost] = [random.between(1, 80), random.between(1, 80), share('answerLost')];
        this.scheduler.after(thereMs, name, () => {
          if (lost) return;
          const { running } = this;
          if (!running) return unanswered();
          const answer = (give: () => void) => {
            if (running.life.alive && !answerLost) this.scheduler.after(backMs, 'answer', give);
          };
          act(running).then(
            (value) => answer(() => resolve(value)),
            (error: unknown) => answer(() => reject(error)),
          );
        });
      }
    });
  }

  /** A promise of the process was rejected and nobody listened: the real one ends. */
  onUnhandled(error: unknown): void {
    this.#life?.die(`unhandled: ${messageOf(error)}`);
  }

  #tick(): void {
    this.scheduler.after(SLOT_MS, 'slot', () => {
      if (this.faulty && this.#faults.chance(this.plan.fork)) this.chain.fork(this.#faults.between(1, this.plan.maxForkDepth));
      try {
        this.chain.produce();
      } catch (error) {
        this.violate(messageOf(error));
      }
      this.#tick();
    });
  }

  #isOut(what: Outage): boolean {
    const { nowMs } = this.scheduler;
    return this.plan.outages.some(({ of, fromMs, untilMs }) => of === what && nowMs >= fromMs && nowMs < untilMs);
  }

  #boot(): void {
    this.lives += 1;
    if (this.lives > MAX_LIVES) return this.violate('the sequencer goes round in circles');
    const { scheduler } = this;
    const random = this.#random.fork();
    const life = new Life({ name: `sequencer ${this.lives}`, scheduler, random, onDeath: (reason) => this.#died(reason) });
    this.#life = life;
    scheduler.trace(`${life.name}: starts`);
    const onBroken = (error: unknown) => this.violate(`the ledger: ${messageOf(error)}`);
    const ledger = new SimulatedLedger({ disk: this.disk, life, fate: () => this.#commitFate(), onBroken });
    const node = (leader: () => { epoch: bigint; nonce: bigint }) =>
      new SimulatedNode({
        chain: this.chain,
        transactions: this.transactions,
        life,
        leader,
        onSign: ({ batchNumber, blobHash }) => this.#assertPublished(batchNumber, blobHash),
        callFate: () => this.#callFate(),
        sendFate: () => this.#sendFate(),
      });
    const fails = () => this.faulty && (this.#isOut('disk') || this.#faults.chance(this.plan.blobFails));
    const blobs = simulatedBlobs(this.disk, fails);
    const archives = simulatedArchives({ disk: this.disk, life, fails });
    const store = simulatedBlobStore({ kept: this.published, life, fate: () => this.#storeFate() });
    const packet: PacketLimit = {
      fits: () => !this.faulty || !this.#faults.chance(this.plan.packetCrowded),
      crowded: (vaults) => scheduler.trace(`${life.name}: a packet is too small for ${vaults.length} vaults`),
    };
    const provers = simulatedProvers(life, () => this.#proofFate());
    const nonce = () => USURPER_NONCE + 1n + BigInt(random.between(0, 2 ** 48));
    const stores = { archives, blobs, store };
    const parts = { life, scheduler, ledger, ...stores, packet, provers, node, nonce, log: traceLog(scheduler, life) };
    runSequencer(parts, (running) => {
      this.running = running;
      this.#failedStarts = 0;
    }).catch((error: unknown) => life.die(messageOf(error)));
  }

  #died(reason: string): void {
    this.running = undefined;
    this.deaths.set(reason, (this.deaths.get(reason) ?? 0) + 1);
    const delayMs = Math.min(MAX_RESTART_MS, RESTART_MS * 2 ** this.#failedStarts) + this.#random.between(0, 1_000);
    this.#failedStarts += 1;
    this.scheduler.after(delayMs, 'restart', () => this.#boot());
  }

  #crashLater(): void {
    const { crashEveryMs, crashMidway } = this.plan;
    if (crashEveryMs === Number.POSITIVE_INFINITY) return;
    const delayMs = -Math.log(1 - this.#faults.fraction()) * crashEveryMs;
    this.scheduler.after(delayMs, 'crash', () => {
      if (!this.faulty) return;
      if (this.#faults.chance(crashMidway)) this.#life?.dieAfterActs(this.#faults.between(0, 30));
      else this.#life?.die('kill -9');
      this.#crashLater();
    });
  }

  /** A process with another ledger takes the lead: from the next finalized look on ours must neither take bets nor settle. */
  #usurp(): void {
    const { house } = this.chain.at('finalized').state;
    this.#usurped = house.leaderNonce === USURPER_NONCE;
    if (this.#usurped) return this.scheduler.trace('another process leads');
    const { leaderEpoch: from } = this.chain.at('processed').state.house;
    const instruction: ModelInstruction = { kind: 'advance', from, to: from + 1n, nonce: USURPER_NONCE };
    this.chain.submit(this.transactions.sign(instruction, this.chain.at('confirmed')));
    this.scheduler.after(USURPATION_MS, 'usurpation', () => this.#usurp());
  }

  #callFate(): CallFate {
    const random = this.#faults;
    const latencyMs = random.between(2, 120);
    if (!this.faulty) return { latencyMs, lagBlocks: 0, fails: undefined };
    const { callFails, callTimesOut, stale, maxLagBlocks } = this.plan;
    const lagBlocks = random.chance(stale) ? random.between(1, maxLagBlocks) : 0;
    if (this.#isOut('chain') || random.chance(callFails)) return { latencyMs, lagBlocks, fails: 'before' };
    if (!random.chance(callTimesOut)) return { latencyMs, lagBlocks, fails: undefined };
    return {
      latencyMs: random.chance(0.3) ? CALL_TIMEOUT_MS : latencyMs,
      lagBlocks,
      fails: random.chance(0.5) ? 'after' : 'before',
    };
  }

  #sendFate(): SendFate {
    const random = this.#faults;
    if (!this.faulty) return [random.between(0, 2)];
    const { sendDropped, sendLate, sendTwice } = this.plan;
    const arrivals = random.chance(sendDropped) ? [] : [random.chance(sendLate) ? random.between(3, 45) : random.between(0, 2)];
    return random.chance(sendTwice) ? [...arrivals, random.between(0, 30)] : arrivals;
  }

  #commitFate(): CommitFate {
    const random = this.#faults;
    const slow = this.faulty && random.chance(this.plan.commitSlow);
    const fails = this.faulty && (this.#isOut('disk') || random.chance(this.plan.commitFails));
    const syncMs = slow ? random.between(100, 3_000) : random.between(1, 6);
    const replyMs = slow ? random.between(1, 500) : 1;
    const lies = this.#sabotage === 'lying-disk';
    return { fails, syncMs: lies ? LIE_MS : syncMs, replyMs, lies };
  }

  /** Nothing is signed of a batch whose blob nobody else could fetch. */
  #assertPublished(batchNumber: bigint, blobHash: Uint8Array): void {
    const kept = this.published.get(blobCid(blobHash));
    if (kept && compareBytes(blobHashOf(kept), blobHash) === 0) return;
    this.violate(`batch ${batchNumber} is signed, and the store has ${kept ? 'other bytes' : 'nothing'} under its CID`);
  }

  #storeFate(): StoreFate {
    const random = this.#faults;
    if (!this.faulty) return { latencyMs: random.between(5, 80), fails: undefined, lies: false };
    const { blobStoreFails, blobStoreSlow, blobStoreLies } = this.plan;
    const latencyMs = random.chance(blobStoreSlow) ? random.between(1_000, CALL_TIMEOUT_MS) : random.between(5, 80);
    const lies = random.chance(blobStoreLies);
    if (this.#isOut('blob store')) return { latencyMs, fails: 'before', lies };
    return { latencyMs, fails: random.chance(blobStoreFails) ? (random.chance(0.5) ? 'after' : 'before') : undefined, lies };
  }

  #proofFate(): ProofFate {
    const random = this.#faults;
    const durationMs = random.between(200, 1_500);
    if (!this.faulty) return { durationMs, fails: false };
    const { proverFails, proverHangs, proverLate } = this.plan;
    if (random.chance(proverHangs)) return { durationMs: PROOF_TIMEOUT_MS, fails: true };
    if (random.chance(proverLate)) return { durationMs: random.between(5_000, 60_000), fails: false };
    return { durationMs, fails: this.#isOut('prover') || random.chance(proverFails) };
  }
}

/** The process's log, as lines of the trace. */
function traceLog(scheduler: Scheduler, life: Life): Logger {
  const line = (details: object, message: string) => {
    if (life.alive) scheduler.trace(`${life.name}: ${message} ${JSON.stringify(details)}`);
  };
  return { info: line, warn: line, error: line } as unknown as Logger;
}
