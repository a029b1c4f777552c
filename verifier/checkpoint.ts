import { sha256 } from '@noble/hashes/sha2.js';
import type { Address } from '@solana/kit';
import { fromHex, toHex } from '../protocol/bytes.ts';
import { VerifierError } from './errors.ts';
import type { ReplayPosition } from './replay.ts';

const FORMAT = 'zk-casino-verify-state/1';

/** What a saved state belongs to. */
export interface CheckpointOwner {
  genesisHash: string;
  program: Address;
  house: Address;
}

interface Saved extends CheckpointOwner {
  position: ReplayPosition;
}

/** A replay's position as text: one line that names the format and the SHA-256 of the second, which is JSON. */
export function saveCheckpoint(owner: CheckpointOwner, position: ReplayPosition): string {
  const { genesisHash, program, house } = owner;
  const saved: Saved = { genesisHash, program, house, position };
  const body = JSON.stringify(saved, encode);
  return `${FORMAT} ${sealOf(body)}\n${body}\n`;
}

/**
 * Reads it back. `CHECKPOINT_INVALID` if it is damaged, of another format, or of another chain, program or house. The seal finds
 * damage, not malice: a state file is believed like the verifier itself.
 */
export function loadCheckpoint(text: string, owner: CheckpointOwner): ReplayPosition {
  const [head = '', body = '', ...rest] = text.split('\n');
  const [format, seal] = head.split(' ');
  const refuse = (message: string): never => {
    throw new VerifierError('CHECKPOINT_INVALID', `the saved state ${message}`);
  };
  if (format !== FORMAT) refuse('is none of this version');
  if (seal !== sealOf(body) || rest.join('') !== '') refuse('is damaged');
  const saved = JSON.parse(body, decode) as Saved;
  for (const name of ['genesisHash', 'program', 'house'] as const) {
    if (saved[name] !== owner[name]) refuse(`is of another ${name === 'genesisHash' ? 'chain' : name}: ${saved[name]}`);
  }
  return saved.position;
}

const sealOf = (body: string): string => toHex(sha256(new TextEncoder().encode(body)));

function encode(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return { $integer: `${value}` };
  if (value instanceof Uint8Array) return { $bytes: toHex(value) };
  return value instanceof Map ? { $map: [...value] } : value;
}

function decode(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { $integer, $bytes, $map } = value as { $integer?: string; $bytes?: string; $map?: [unknown, unknown][] };
  if ($integer !== undefined) return BigInt($integer);
  if ($bytes !== undefined) return fromHex($bytes, $bytes.length / 2);
  return $map === undefined ? value : new Map($map);
}
