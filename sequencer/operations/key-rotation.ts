import { randomBytes } from 'node:crypto';
import { existsSync, linkSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import type { Address } from '@solana/kit';
import { compareBytes } from '../../protocol/bytes.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import { syncDirectory, writeFileDurably } from './files.ts';
import { keypairText, type OperatorKeyName, readKeypairFile } from './keys.ts';

/** The keys that the chain can be told to take in another's place. */
export type RotatedKey = Extract<OperatorKeyName, 'authority' | 'settler'>;

const OWNER_ONLY = 0o600;

const nextPath = (directory: string, name: RotatedKey) => join(directory, `${name}.next.json`);

/** The key that is to take over, 64 bytes; undefined if no rotation has begun. `CONFIG_INVALID` if its file is damaged. */
export function nextKeypair(directory: string, name: RotatedKey): Uint8Array | undefined {
  const path = nextPath(directory, name);
  return existsSync(path) ? readKeypairFile(path) : undefined;
}

/**
 * The key that is to take over, durable before it is returned: that of an earlier attempt, or a fresh one. Of two at once one makes it:
 * written over, a key that the chain names could be lost.
 */
export function beginRotation(directory: string, name: RotatedKey): Uint8Array {
  const path = nextPath(directory, name);
  if (!existsSync(path)) {
    const seed = randomBytes(32);
    const draft = join(directory, `${name}.next.${process.pid}-${randomBytes(4).toString('hex')}.draft`);
    writeFileDurably(draft, keypairText(Uint8Array.from([...seed, ...ed25519.getPublicKey(seed)])), OWNER_ONLY);
    try {
      linkSync(draft, path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    rmSync(draft);
  }
  // Before anyone acts on it, also if another has made it.
  syncDirectory(directory);
  return readKeypairFile(path);
}

/**
 * Lets the next key take the old one's place, once the finalized chain shows it. The old key stays beside it, under its own address:
 * it may hold lamports. A crash between any two steps leaves both keys on disk, and this function to be called again. The authority's
 * address made the house's, so that the first one's is kept for ever.
 */
export function promoteKey(directory: string, name: RotatedKey): void {
  const path = join(directory, `${name}.json`);
  const old = readKeypairFile(path);
  const oldAddress = addressOf(old.slice(32));
  const kept = join(directory, `${name}-${oldAddress}.json`);
  if (!existsSync(kept)) writeFileDurably(kept, readFileSync(path), OWNER_ONLY);
  else if (compareBytes(readKeypairFile(kept), old) !== 0) throw new CasinoError('CONFIG_INVALID', `${kept} holds another key`);
  if (name === 'authority') keepCreator(directory, oldAddress);
  renameSync(nextPath(directory, name), path);
  syncDirectory(directory);
}

/** Drops the wish for another key: it was never on chain, or is not any more. It stays on disk under its address. */
export function abandonRotation(directory: string, name: RotatedKey): void {
  const next = nextKeypair(directory, name);
  if (!next) return;
  renameSync(nextPath(directory, name), join(directory, `${name}-${addressOf(next.slice(32))}.json`));
  syncDirectory(directory);
}

/**
 * Finishes a rotation whose transaction is final: true if a key took over. `settler` and `authority` are those of the finalized house.
 * A start calls it before it compares keys, so that a crash after the transaction, or a service that is started again by itself, needs
 * nobody's hand.
 */
export function finishRotations(directory: string, shown: Record<RotatedKey, Address>): boolean {
  let took = false;
  for (const name of ['settler', 'authority'] as const) {
    const next = nextKeypair(directory, name);
    if (!next || addressOf(next.slice(32)) !== shown[name]) continue;
    try {
      promoteKey(directory, name);
    } catch (error) {
      // A start and a command may do it at once: what counts is that it is done.
      if (addressOf(readKeypairFile(join(directory, `${name}.json`)).slice(32)) !== shown[name]) throw error;
    }
    took = true;
  }
  return took;
}

function keepCreator(directory: string, authority: Address): void {
  const path = join(directory, 'creator.address');
  if (!existsSync(path)) writeFileDurably(path, new TextEncoder().encode(`${authority}\n`));
}
