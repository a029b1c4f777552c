import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { BetRequest } from '../admission/admission.ts';
import { EventFeed } from '../api/feed.ts';
import { hexOf } from '../api/json.ts';
import { API_LIMITS, type ApiLimits } from '../api/limits.ts';
import type { ApiParts } from '../api/routes.ts';
import { type ApiServer, createApi } from '../api/server.ts';
import { BlobStore } from '../blobs/store.ts';
import { Gate } from '../operations/gate.ts';
import { healthOf } from '../operations/health.ts';
import type { ReconciliationReport } from '../operations/reconcile.ts';
import { AdmissionFixture, chainView, HOUSE, TestBettor } from './admission-fixture.ts';

/** The JSON of a signed bet. */
export const bodyOf = (request: BetRequest) => ({
  user: request.owner,
  amount: (request.stakeUnits * 10_000n).toString(),
  guess: request.choice === 1 ? 'heads' : 'tails',
  nonce: request.betNumber.toString(),
  terms_id: request.termsId,
  client_seed: hexOf(request.clientSeed),
  session_key: hexOf(request.sessionKey),
  sig: hexOf(request.signature),
});

const ZERO = '0'.repeat(64);

interface ServeOptions {
  requestsPerMinute?: number;
  limits?: Partial<ApiLimits>;
  origins?: readonly string[];
}

/** The API over a real admission and ledger, with one bettor. */
export class ApiFixture {
  readonly admission: AdmissionFixture;
  /** What the last reconciliation found. */
  report: ReconciliationReport | undefined;
  readonly alice = new TestBettor(1);
  readonly blobsDirectory = mkdtempSync(join(tmpdir(), 'blobs-'));
  readonly blobs = new BlobStore(this.blobsDirectory);
  api!: ApiServer;
  feed!: EventFeed;
  url = '';

  constructor({ maxOpenBetsPerVault = 50, maxOpenBets = 1_000 } = {}) {
    this.admission = new AdmissionFixture(
      { limits: { maxStakeUnits: 50n, maxOpenBetsPerVault, maxOpenBets: () => maxOpenBets } },
      (vault, change) => this.feed?.vaultChanged(vault, change),
    );
  }

  async open(): Promise<this> {
    const { admission } = await this.admission.open();
    await this.admission.book.observe(chainView(1n, [this.alice.view({ balance: 10_000_000n })]));
    await admission.limitOf(admission.vaultOf(this.alice.owner));
    return this.serve({});
  }

  /** Serves anew, with other limits. */
  async serve(options: ServeOptions): Promise<this> {
    await this.#closeApi();
    this.feed = new EventFeed(randomBytes(8).toString('hex'), { ...API_LIMITS, ...options.limits });
    const { requestsPerMinute = 1_000_000, limits = {}, origins } = options;
    this.api = await createApi({
      parts: this.#parts(),
      feed: this.feed,
      requestsPerMinute,
      log: pino({ enabled: false }),
      limits,
      ...(origins && { origins }),
    });
    return this;
  }

  /** Serves on a port of its own; `url` says where. */
  async listen(options: ServeOptions = {}): Promise<this> {
    await this.serve(options);
    this.url = await this.api.listen({ host: '127.0.0.1', port: 0 });
    return this;
  }

  async close(): Promise<void> {
    await this.#closeApi();
    await this.admission.close();
    rmSync(this.blobsDirectory, { recursive: true, force: true });
  }

  async #closeApi(): Promise<void> {
    this.feed?.closeAll();
    await this.api?.close();
  }

  #parts(): ApiParts {
    const { admission, book, ledger } = this.admission;
    const terms = { id: 1, profit_bps: 9_800, vrf_commitment: ZERO };
    const amounts = { max_stake: '500000', balance: '1000000000', exposure: book.exposure.toString(), last_batch: '0' };
    return {
      admission,
      book,
      read: ledger.read,
      blobs: this.blobs,
      onBet: (owner, answer) => this.feed.betTaken(owner, answer),
      house: () => ({
        ...{ house: HOUSE, program: HOUSE, receipt_key: HOUSE, genesis_hash: HOUSE, terms, ...amounts },
        ...{ open_bets: book.openBets, development_keys: true },
      }),
      health: () => this.#health(),
      reconciliation: () => this.report,
    };
  }

  #health() {
    const { book, ledger } = this.admission;
    const { report } = this;
    const gate = new Gate({
      leader: { epoch: 1n, nonce: 1n },
      slotMs: 400,
      nowMs: () => 0,
      fundsDiffer: () => report?.fundsDiffer ?? false,
    });
    return healthOf({
      ...{ book, ledger, gate, reconciler: { report, overdue: undefined }, unfinishedBatches: 0, settlerWarnLamports: 0n },
      ...{ developmentKeys: true, publisher: { problems: [] }, settler: undefined, chainSilentMs: undefined },
      ...{ settlement: { problems: [], betsPerSecond: undefined }, archiver: { failure: undefined } },
      prover: { proofs: true, sizes: [], loaded: [], lastProof: { size: 'tiny', atMs: 1, tookMs: 2 } },
      storage: { ledgerBytes: 1, walBytes: 1, diskFreeBytes: 100_000_000_000 },
      ...{ startedAtMs: 0, nowMs: 1_790_000_000_500 },
    });
  }
}
