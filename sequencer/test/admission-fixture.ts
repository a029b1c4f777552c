import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Address } from '@solana/kit';
import { verifyEddsaPoseidon } from '../../native/index.ts';
import { accountIdOf, sessionKeyHashOf } from '../../protocol/account.ts';
import { pointToBytes } from '../../protocol/babyjubjub.ts';
import { betPack, type CoinSide, nextHead } from '../../protocol/bet.ts';
import { signatureToBytes, signEddsa } from '../../protocol/eddsa.ts';
import { fieldFromBytes, fieldToBytes } from '../../protocol/field.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import { clientSeedOf, sessionKeyFromSeed } from '../../protocol/session.ts';
import { Admission, type AdmissionOptions, type BetRequest } from '../admission/admission.ts';
import { VaultBook } from '../admission/book.ts';
import { SeedBook, TermsBook } from '../admission/seeds.ts';
import { ReceiptSigner } from '../admission/signer.ts';
import type { VaultChange } from '../admission/vault-changes.ts';
import type { VaultState } from '../admission/vault-state.ts';
import type { ChainView, HouseView, VaultView } from '../chain/view.ts';
import { addressBytes, addressOf } from '../ledger/addresses.ts';
import { Ledger } from '../ledger/ledger.ts';

export const FOREVER = (1n << 64n) - 1n;
export const K = 123_456_789n;
export const RECEIPT_SEED = new Uint8Array(32).fill(42);
export const DOMAIN = 77n;
export const HOUSE = addressOf(new Uint8Array(32).fill(9));

/** A bettor that signs its chain of bets like the SDK does. */
export class TestBettor {
  readonly owner: Address;
  readonly vault: Address;
  readonly accountId: bigint;
  readonly key;
  head: bigint;
  next = 1n;

  constructor(seed: number) {
    this.owner = addressOf(new Uint8Array(32).fill(seed));
    this.vault = addressOf(new Uint8Array(32).fill(100 + seed));
    this.accountId = accountIdOf({ domain: DOMAIN, vault: addressBytes(this.vault) });
    this.key = sessionKeyFromSeed(new Uint8Array(32).fill(seed));
    this.head = this.accountId;
  }

  /** Signs the next bet; `commit` moves the chain on. */
  sign(change: { stakeUnits?: bigint; choice?: CoinSide; termsId?: number; betNumber?: bigint } = {}): BetRequest {
    const bet = { stakeUnits: 5n, choice: 1 as CoinSide, termsId: 1, betNumber: this.next, ...change };
    const packed = betPack({ ...bet, game: 0 });
    const { accountId, head: headBefore, key } = this;
    const clientSeed = clientSeedOf({ clientSeedKey: key.clientSeedKey, accountId, headBefore, packed });
    const head = nextHead({ headBefore, packed, clientSeed, accountId });
    return {
      ...bet,
      owner: this.owner,
      clientSeed: fieldToBytes(clientSeed),
      sessionKey: pointToBytes(key.publicKey),
      signature: signatureToBytes(signEddsa(key, head)),
    };
  }

  accept(request: BetRequest): void {
    const packed = betPack({ ...request, game: 0 });
    const { accountId, head: headBefore } = this;
    this.head = nextHead({ headBefore, packed, clientSeed: fieldFromBytes(request.clientSeed), accountId });
    this.next += 1n;
  }

  view(change: Partial<VaultView> = {}): VaultView {
    return {
      address: this.vault,
      owner: this.owner,
      accountId: this.accountId,
      frozen: false,
      lastTerms: 0,
      lastBet: 0n,
      balance: 1_000_000n,
      pendingDeposit: 0n,
      claimable: 0n,
      requestAmount: 0n,
      requestDeadline: 0n,
      challengeBet: 0n,
      challengeSlot: 0n,
      keys: [
        { hash: sessionKeyHashOf(this.key.publicKey), from: 0n, until: FOREVER },
        { hash: 0n, from: 0n, until: 0n },
      ],
      ...change,
    };
  }
}

const house: HouseView = {
  address: HOUSE,
  settler: HOUSE,
  receiptKey: HOUSE,
  balance: 1_000_000_000n,
  reserved: 0n,
  requestAmount: 0n,
  requestSlot: 0n,
  liabilities: 0n,
  currentTerms: 1,
  lastBatch: 0n,
  lastTransfer: 0n,
  leaderEpoch: 1n,
  leaderNonce: 1n,
  exitDelaySlots: 1_500n,
  paused: false,
  published: { authority: HOUSE, mint: HOUSE, changeDelaySlots: 3_000n, vaults: 1n, overdue: 0n, pending: [] },
};

/** The key and signature of `bettor`'s next bet as another's session key makes them. */
export function signedBy(signer: TestBettor, bettor: TestBettor): Pick<BetRequest, 'clientSeed' | 'sessionKey' | 'signature'> {
  const twin = new TestBettor(0);
  Object.assign(twin, { accountId: bettor.accountId, head: bettor.head, next: bettor.next, key: signer.key });
  const { clientSeed, sessionKey, signature } = twin.sign();
  return { clientSeed, sessionKey, signature };
}

/** Both looks of a chain that shows these vaults. */
export function chainView(
  slot: bigint,
  vaults: readonly VaultView[],
  options: { house?: Partial<HouseView>; confirmed?: readonly VaultView[] } = {},
): ChainView {
  const snapshot = (shown: readonly VaultView[]) => ({
    slot,
    house: { ...house, ...options.house },
    vaults: new Map(shown.map((vault) => [vault.address, vault])),
  });
  return { observedAtMs: 0, finalized: snapshot(vaults), confirmed: snapshot(options.confirmed ?? vaults) };
}

/** Admission and its book over a ledger. */
export function admissionOver(
  ledger: Ledger,
  change: Partial<AdmissionOptions> = {},
  onChange: (vault: VaultState, change: VaultChange) => void = () => {},
): { book: VaultBook; admission: Admission } {
  const terms = new TermsBook(
    [1, 2].map((id) => ({ id, profitBps: 9_800, k: K + BigInt(id), vrfCommitment: vrfCommitmentOf(K + BigInt(id)) })),
    1,
  );
  const book = new VaultBook({ ledger, terms, domain: DOMAIN, house: HOUSE, onChange });
  const signer = new ReceiptSigner(RECEIPT_SEED);
  const admission = new Admission({
    ledger,
    book,
    terms,
    seeds: new SeedBook(signer),
    signer,
    limits: { maxStakeUnits: 50n, maxOpenBetsPerVault: 10, maxOpenBets: () => 15 },
    verifySignature: (publicKey, signature, message) => verifyEddsaPoseidon({ publicKey, signature, message }),
    stopped: () => undefined,
    nowMs: () => 1_790_000_000_000,
    ...change,
  });
  return { book, admission };
}

/** Admission over a real ledger in a directory of its own. `reopen` is what a crash and a start leave of it. */
export class AdmissionFixture {
  readonly #directory = mkdtempSync(join(tmpdir(), 'admission-'));
  readonly ledgerPath = join(this.#directory, 'ledger.db');
  readonly #change: Partial<AdmissionOptions>;
  ledger!: Ledger;
  book!: VaultBook;
  admission!: Admission;

  readonly #onChange: (vault: VaultState, change: VaultChange) => void;

  constructor(change: Partial<AdmissionOptions> = {}, onChange: (vault: VaultState, change: VaultChange) => void = () => {}) {
    this.#change = change;
    this.#onChange = onChange;
  }

  async open(): Promise<this> {
    const onFailure = () => {};
    this.ledger = await Ledger.open({ path: this.ledgerPath, onFailure });
    Object.assign(this, admissionOver(this.ledger, this.#change, this.#onChange));
    return this;
  }

  /** Puts bets into a batch, as settlement would before the chain can show them as settled. */
  async batch(bettor: TestBettor, input: { batchNumber: bigint; firstBet: bigint; betCount: number }): Promise<void> {
    const { batchNumber, firstBet, betCount } = input;
    const vault = addressBytes(bettor.vault);
    const run = { slot: 0, vault, start: 0n, consume: 0n, after: 0n, firstBet, betCount, keySlot: 0 as const, payRequest: false };
    const shape = { batchNumber, state: 'Pending' as const, termsId: 1, vkId: 1, size: 'tiny', betCount, attempt: 0 };
    const content = { blobHash: new Uint8Array(32), outcomes: new Uint8Array(1), createdAtMs: 0, updatedAtMs: 0, runs: [run] };
    await this.ledger.commit([{ kind: 'batch-created', batch: { ...shape, ...content } }]);
  }

  async reopen(): Promise<void> {
    await this.ledger.close();
    await this.open();
  }

  async close(): Promise<void> {
    await this.ledger.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
