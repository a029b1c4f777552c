import { sha256 } from '@noble/hashes/sha2.js';
import { compareBytes, concat } from './bytes.ts';
import { SEED_RANGE_SIZE, SEED_TREE_DEPTH } from './constants.ts';
import { ProtocolError } from './errors.ts';
import { fieldToBytes } from './field.ts';

/** Index of the range that holds bet n: bets `256 i + 1 .. 256 (i + 1)`. */
export function seedRangeOf(betNumber: bigint): bigint {
  if (betNumber < 1n) throw new ProtocolError('BAD_VALUE', 'bet numbers count from 1');
  return (betNumber - 1n) / BigInt(SEED_RANGE_SIZE);
}

/** First bet of a range. */
export function firstBetOfRange(rangeIndex: bigint): bigint {
  return rangeIndex * BigInt(SEED_RANGE_SIZE) + 1n;
}

/** Levels of the tree over a range's seeds, leaves first, root last (RFC 6962's leaf and node prefixes). */
export function seedTree(serverSeeds: readonly bigint[]): Uint8Array[][] {
  if (serverSeeds.length !== SEED_RANGE_SIZE) {
    throw new ProtocolError('BAD_LENGTH', `a range has ${SEED_RANGE_SIZE} seeds, got ${serverSeeds.length}`);
  }
  const levels = [serverSeeds.map(leafHash)];
  for (let level = 0; level < SEED_TREE_DEPTH; level += 1) {
    const below = levels[level] as Uint8Array[];
    levels.push(
      Array.from({ length: below.length / 2 }, (_, index) =>
        nodeHash(below[2 * index] as Uint8Array, below[2 * index + 1] as Uint8Array),
      ),
    );
  }
  return levels;
}

/** Root of a tree, 32 bytes. */
export function seedRoot(tree: readonly Uint8Array[][]): Uint8Array {
  return (tree[SEED_TREE_DEPTH] as Uint8Array[])[0] as Uint8Array;
}

/** The 8 sibling hashes of bet n's leaf, leaf's first. */
export function seedPath(tree: readonly Uint8Array[][], betNumber: bigint): Uint8Array[] {
  const leaf = leafIndex(betNumber);
  return Array.from({ length: SEED_TREE_DEPTH }, (_, level) => (tree[level] as Uint8Array[])[(leaf >> level) ^ 1] as Uint8Array);
}

/** Whether the seed revealed for bet n is the one under the committed root. */
export function verifySeed(input: {
  root: Uint8Array;
  betNumber: bigint;
  serverSeed: bigint;
  path: readonly Uint8Array[];
}): boolean {
  if (input.path.length !== SEED_TREE_DEPTH || input.path.some((hash) => hash.length !== 32)) return false;
  const leaf = leafIndex(input.betNumber);
  const root = input.path.reduce(
    (hash, sibling, level) => ((leaf >> level) & 1 ? nodeHash(sibling, hash) : nodeHash(hash, sibling)),
    leafHash(input.serverSeed),
  );
  return compareBytes(root, input.root) === 0;
}

function leafIndex(betNumber: bigint): number {
  return Number(betNumber - firstBetOfRange(seedRangeOf(betNumber)));
}

function leafHash(serverSeed: bigint): Uint8Array {
  return sha256(concat([Uint8Array.of(0), fieldToBytes(serverSeed)]));
}

function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(concat([Uint8Array.of(1), left, right]));
}
