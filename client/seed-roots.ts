import type { Address } from '@solana/kit';
import { seedRangeOf } from '../protocol/seed-commitment.ts';
import type { ApiClient } from './api.ts';
import { checkSameRoot, checkSeedCommitment, type VaultContext } from './checks.ts';
import { ClientError } from './errors.ts';
import type { SignedBytes } from './parse.ts';
import type { RecordBook } from './signing-record.ts';

interface BetPlace {
  betNumber: bigint;
  termsId: number;
}

interface KnownRoot {
  root: Uint8Array;
  commitment: SignedBytes;
}

/** Ranges whose root is kept in memory; older ones are read from the store again. */
const MAX_CACHED_RANGES = 8;

/** The roots that the house committed to, each fetched, checked and stored before the first bet of its range is signed. */
export class SeedRoots {
  readonly #o: { api: Pick<ApiClient, 'seedCommitment'>; book: RecordBook; owner: Address; context: VaultContext };
  readonly #cache = new Map<string, KnownRoot>();

  constructor(options: { api: Pick<ApiClient, 'seedCommitment'>; book: RecordBook; owner: Address; context: VaultContext }) {
    this.#o = options;
  }

  /** Makes sure that the root for a bet is known; asks the service for it once. */
  async require(place: BetPlace): Promise<KnownRoot> {
    const known = await this.#find(place);
    if (known) return known;
    const range = rangeOf(place);
    const signed = await this.#o.api.seedCommitment(this.#o.owner, range.rangeIndex);
    const root = checkSeedCommitment(this.#o.context, { signed, ...range });
    await this.#o.book.saveSeedCommitment(range, signed);
    return this.#remember(place, { root, commitment: signed });
  }

  /** The root that was stored before the bet was signed. */
  async known(place: BetPlace): Promise<KnownRoot> {
    const known = await this.#find(place);
    if (!known) throw new ClientError('STORE_CORRUPT', `the seed commitment for bet ${place.betNumber} is missing`);
    return known;
  }

  /** Holds a commitment that came with an answer against the first one. */
  async checkAgain(place: BetPlace, second: SignedBytes): Promise<void> {
    const { commitment: first } = await this.known(place);
    checkSameRoot(this.#o.context, { first, second, ...rangeOf(place) });
  }

  async #find(place: BetPlace): Promise<KnownRoot | undefined> {
    const cached = this.#cache.get(keyOf(place));
    if (cached) return cached;
    const signed = await this.#o.book.seedCommitment(rangeOf(place));
    if (!signed) return undefined;
    const root = checkSeedCommitment(this.#o.context, { signed, ...rangeOf(place) });
    return this.#remember(place, { root, commitment: signed });
  }

  #remember(place: BetPlace, known: KnownRoot): KnownRoot {
    this.#cache.set(keyOf(place), known);
    if (this.#cache.size > MAX_CACHED_RANGES) this.#cache.delete(this.#cache.keys().next().value as string);
    return known;
  }
}

const rangeOf = ({ betNumber, termsId }: BetPlace) => ({ termsId, rangeIndex: seedRangeOf(betNumber) });
const keyOf = (place: BetPlace) => `${place.termsId}/${seedRangeOf(place.betNumber)}`;
