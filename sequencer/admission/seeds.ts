import { SEED_RANGE_SIZE } from '../../protocol/constants.ts';
import { encodeSeedCommitment, type MessageContext } from '../../protocol/messages.ts';
import { serverSeedOf, vaultKeyOf, vrfCommitmentOf } from '../../protocol/outcome.ts';
import { firstBetOfRange, seedPath, seedRangeOf, seedRoot, seedTree } from '../../protocol/seed-commitment.ts';
import { CasinoError } from '../errors.ts';
import type { ReceiptSigner, SignedMessage } from './signer.ts';

/** Ranges kept in memory, some 24 KB each; a dropped one is computed again from k. */
const MAX_CACHED_RANGES = 4_096;

/** Terms with the secret behind them. */
export interface Terms {
  id: number;
  profitBps: number;
  vrfCommitment: bigint;
  k: bigint;
}

interface Range {
  seeds: bigint[];
  tree: Uint8Array[][];
  commitment: SignedMessage;
}

/** One vault under one terms. */
export interface SeedOwner {
  context: MessageContext;
  accountId: bigint;
  terms: Terms;
}

/** Server seeds of a vault's bets, their Merkle ranges and the signed commitments to them. */
export class SeedBook {
  readonly #signer: ReceiptSigner;
  readonly #ranges = new Map<string, Range>();

  constructor(signer: ReceiptSigner) {
    this.#signer = signer;
  }

  /** What the answer to bet n reveals. */
  reveal(owner: SeedOwner, betNumber: bigint): { serverSeed: bigint; path: Uint8Array[]; commitment: SignedMessage } {
    const range = this.#range(owner, seedRangeOf(betNumber));
    const offset = Number((betNumber - 1n) % BigInt(SEED_RANGE_SIZE));
    return { serverSeed: range.seeds[offset] as bigint, path: seedPath(range.tree, betNumber), commitment: range.commitment };
  }

  /** The signed commitment to a range. It reveals no seed. */
  commitment(owner: SeedOwner, rangeIndex: bigint): SignedMessage {
    return this.#range(owner, rangeIndex).commitment;
  }

  /** Whether a bet's range is at hand, so that `reveal` costs next to nothing. */
  isAtHand(owner: SeedOwner, betNumber: bigint): boolean {
    return this.#ranges.has(keyOf(owner, seedRangeOf(betNumber)));
  }

  #range(owner: SeedOwner, rangeIndex: bigint): Range {
    const key = keyOf(owner, rangeIndex);
    const cached = this.#ranges.get(key);
    if (cached) {
      this.#ranges.delete(key);
      this.#ranges.set(key, cached);
      return cached;
    }
    const vaultKey = vaultKeyOf({ k: owner.terms.k, accountId: owner.accountId });
    const first = firstBetOfRange(rangeIndex);
    const seeds = Array.from({ length: SEED_RANGE_SIZE }, (_, index) =>
      serverSeedOf({ vaultKey, betNumber: first + BigInt(index) }),
    );
    const tree = seedTree(seeds);
    const message = encodeSeedCommitment({ ...owner.context, termsId: owner.terms.id, rangeIndex, root: seedRoot(tree) });
    const range = { seeds, tree, commitment: this.#signer.signed(message) };
    this.#ranges.set(key, range);
    if (this.#ranges.size > MAX_CACHED_RANGES) this.#ranges.delete(this.#ranges.keys().next().value as string);
    return range;
  }
}

const keyOf = ({ accountId, terms }: SeedOwner, rangeIndex: bigint): string => `${accountId}/${terms.id}/${rangeIndex}`;

/** The terms that this house has opened, each checked against the commitment on chain (`CHAIN_MISMATCH`). */
export class TermsBook {
  readonly #terms = new Map<number, Terms>();
  readonly current: Terms;

  constructor(terms: readonly Terms[], currentId: number) {
    for (const one of terms) {
      if (vrfCommitmentOf(one.k) !== one.vrfCommitment) {
        throw new CasinoError('CHAIN_MISMATCH', `the secret of terms ${one.id} is not the one committed to on chain`);
      }
      this.#terms.set(one.id, one);
    }
    const current = this.#terms.get(currentId);
    if (!current) throw new CasinoError('CHAIN_MISMATCH', `the secret of the current terms ${currentId} is missing`);
    this.current = current;
  }

  /** Terms by id, or undefined where this house never opened them. */
  get(id: number): Terms | undefined {
    return this.#terms.get(id);
  }
}
