import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { VerifyingKey } from '../../program/client/index.ts';
import type { BetRequest } from '../admission/admission.ts';
import { EventFeed } from '../api/feed.ts';
import { houseJson } from '../api/house-json.ts';
import { hexOf } from '../api/json.ts';
import { API_LIMITS, type ApiLimits } from '../api/limits.ts';
import type { ApiParts } from '../api/routes/parts.ts';
import { type ApiServer, createApi } from '../api/server.ts';
import { BlobStore } from '../blobs/store.ts';
import type { ChainView } from '../chain/view.ts';
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

interface ServeOptions {
  requestsPerMinute?: number;
  corsOrigins?: string[];
  limits?: Partial<ApiLimits>;
}

/** The API over a real admission and ledger, with one bettor. */
export class ApiFixture {
  readonly admission = new AdmissionFixture(
    {
      limits: { maxStakeUnits: 50n, maxOpenBetsPerVault: 50, maxOpenBets: () => 1_000 },
    },
    (vault, change) => this.feed?.vaultChanged(vault, change),
  );
  /** What the last reconciliation found. */
  report: ReconciliationReport | undefined;
  /** What the chain shows as the house's keys. */
  verifyingKeys: VerifyingKey[] = [];
  readonly alice = new TestBettor(1);
  readonly blobsDirectory = mkdtempSync(join(tmpdir(), 'blobs-'));
  readonly blobs = new BlobStore(this.blobsDirectory);
  api!: ApiServer;
  feed!: EventFeed;
  url = '';

  async open(): Promise<this> {
    const { admission } = await this.admission.open();
    await this.admission.book.observe(chainView(1n, [this.alice.view({ balance: 10_000_000n })]));
    await admission.limitOf(admission.vaultOf(this.alice.owner));
    return this.serve({});
  }

  /** Serves anew, with other limits. */
  async serve(options: ServeOptions): Promise<this> {
    await this.#closeApi();
    this.feed = new EventFeed({ ...API_LIMITS, ...options.limits });
    const { requestsPerMinute = 1_000_000, corsOrigins = ['*'], limits = {} } = options;
    this.api = await createApi({
      parts: this.#parts(),
      feed: this.feed,
      requestsPerMinute,
      corsOrigins,
      log: pino({ enabled: false }),
      limits,
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
    return {
      admission,
      book,
      read: ledger.read,
      blobs: this.blobs,
      onBet: (owner, answer) => this.feed.betTaken(owner, answer),
      house: () =>
        houseJson({
          ...{ house: (book.view as ChainView).finalized.house, program: HOUSE, genesisHash: new Uint8Array(32).fill(9) },
          ...{ terms: { id: 1, profitBps: 9_800, vrfCommitment: 0n, k: 0n }, maxStake: 500_000n },
          ...{ exposure: book.exposure, openBets: book.openBets, verifyingKeys: this.verifyingKeys, developmentKeys: true },
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
