import assert from 'node:assert/strict';
import { ed25519 } from '@noble/curves/ed25519.js';
import { getBase58Decoder } from '@solana/kit';
import { simulateProof } from '../../program/test/trapdoor.ts';
import { accountIdOf, domainOf, sessionKeyHashOf } from '../../protocol/account.ts';
import { type PublicBatch, publicInput } from '../../protocol/batch.ts';
import { type Blob, blobHashOf, decodeBlob, encodeBlob } from '../../protocol/blob.ts';
import { toHex } from '../../protocol/bytes.ts';
import { decodeTerms, decodeVerifyingKey } from '../layout/accounts.ts';
import { type BatchSettled, decodeEvent } from '../layout/events.ts';
import type { RawTransaction } from '../rpc.ts';
import { decodeBase58 } from './base58.ts';
import type { Lived } from './lived-world.ts';

/** A copy that can be changed. */
export function copyOf({ blobs, ...lived }: Lived): Lived {
  return structuredClone({ ...lived, blobs });
}

/** Transactions whose log has an event of this tag, oldest first. */
export function withEvent(lived: Pick<Lived, 'chain'>, tag: string): { signature: string; raw: RawTransaction }[] {
  return lived.chain.listed
    .map(({ signature }) => ({ signature, raw: lived.chain.transactions.get(signature) as RawTransaction }))
    .filter(({ raw }) => eventLines(raw).some(({ bytes }) => tagOf(bytes) === tag))
    .reverse();
}

const PREFIX = 'Program data: ';
const tagOf = (bytes: Uint8Array) => Buffer.from(bytes.subarray(0, 8)).toString('latin1').replace(/\0+$/, '');

function eventLines(raw: RawTransaction): { index: number; bytes: Uint8Array }[] {
  return (raw.logs ?? []).flatMap((line, index) =>
    line.startsWith(PREFIX) ? [{ index, bytes: new Uint8Array(Buffer.from(line.slice(PREFIX.length), 'base64')) }] : [],
  );
}

/** Changes the bytes of the first event of a tag in a transaction's log. */
export function changeEvent(raw: RawTransaction, tag: string, change: (bytes: Uint8Array) => void): void {
  const found = eventLines(raw).find(({ bytes }) => tagOf(bytes) === tag) ?? assert.fail(`no ${tag}`);
  change(found.bytes);
  const logs = [...(raw.logs ?? [])];
  logs[found.index] = PREFIX + Buffer.from(found.bytes).toString('base64');
  raw.logs = logs;
}

export function flip(bytes: Uint8Array, at: number, mask = 1): void {
  bytes[at] = (bytes[at] as number) ^ mask;
}

/** Changes a settler's transaction and signs it again, as an operator could whose program checks nothing. Returns its new signature. */
export function resign(lived: Lived, signature: string, change: (message: Uint8Array) => void): string {
  const raw = lived.chain.transactions.get(signature) ?? assert.fail();
  const wire = Uint8Array.from(raw.wire);
  assert.equal(wire[0], 1, 'one signature');
  const message = wire.subarray(65);
  change(message);
  wire.set(ed25519.sign(message, lived.settlerSecret), 1);
  const renamed = getBase58Decoder().decode(wire.subarray(1, 65));
  raw.wire = wire;
  lived.chain.transactions.delete(signature);
  lived.chain.transactions.set(renamed, raw);
  for (const entry of lived.chain.listed) if (entry.signature === signature) entry.signature = renamed;
  return renamed;
}

/** Where bytes lie in others. */
export function find(inside: Uint8Array, part: Uint8Array): number {
  const at = Buffer.from(inside).indexOf(part);
  assert.ok(at >= 0, 'the bytes are there');
  return at;
}

export interface Forgery {
  /** Which batch, oldest first. */
  index?: number;
  blob?(blob: Blob): void;
  /** Changes the event, both as it is logged and what the proof is of. Given its bytes behind the tag. */
  event?(bytes: Uint8Array, event: BatchSettled): void;
  /** Changes the instruction's bytes from the blob hash on, before they are signed. */
  instruction?(bytes: Uint8Array): void;
}

/**
 * What an operator could settle that knows the trapdoor of its verifying key and whose program lets it: another blob, event and instruction,
 * all signed, with a proof that holds for them.
 */
export function forgeBatch(lived: Lived, forgery: Forgery): Lived {
  const copy = copyOf(lived);
  const { signature, raw } = withEvent(copy, 'evbatch')[forgery.index ?? 0] ?? assert.fail();
  const before =
    eventLines(raw)
      .map(({ bytes }) => bytes)
      .find((bytes) => tagOf(bytes) === 'evbatch') ?? assert.fail();
  const event = decodeEvent(before) as BatchSettled;
  const blob = decodeBlob(copy.blobs.get(toHex(event.blobHash)) ?? assert.fail());
  forgery.blob?.(blob);
  const bytes = encodeBlob(blob);
  const blobHash = blobHashOf(bytes);
  copy.blobs.set(toHex(blobHash), bytes);
  changeEvent(raw, 'evbatch', (logged) => {
    logged.set(blobHash, find(logged, event.blobHash));
    forgery.event?.(logged, event);
  });
  const forged = decodeEvent(
    eventLines(raw)
      .map((line) => line.bytes)
      .find((one) => tagOf(one) === 'evbatch') as Uint8Array,
  );
  const proof = proofOf(copy, { event: forged as BatchSettled, blob, blobHash });
  resign(copy, signature, (message) => {
    const at = find(message, event.blobHash);
    message.set(blobHash, at);
    message.set(proof, at + 32);
    forgery.instruction?.(message.subarray(at));
  });
  return copy;
}

function proofOf(lived: Lived, { event, blob, blobHash }: { event: BatchSettled; blob: Blob; blobHash: Uint8Array }) {
  const accounts = [...lived.chain.accounts.values()];
  const terms = accounts.filter(({ data }) => data.length === 96).map(({ data }) => decodeTerms(data));
  const keys = accounts.filter(({ data }) => data.length === 672).map(({ data }) => decodeVerifyingKey(data));
  const { vrfCommitment, profitBps } = terms.find(({ id }) => id === event.termsId) ?? assert.fail();
  const { maxVaults } = keys.find(({ id }) => id === event.verifyingKeyId) ?? assert.fail();
  const domain = domainOf(decodeBase58(lived.chain.genesisHash));
  const batch: PublicBatch = {
    ...{ batchNumber: event.batchNumber, termsId: event.termsId, profitBps, vrfCommitment, blobHash, outcomes: event.outcomes },
    runs: event.runs.map(({ start, after, firstBet, betCount, vault }, index) => ({
      accountId: accountIdOf({ domain, vault: decodeBase58(vault) }),
      sessionKeyHash: sessionKeyHashOf((blob.runs[index] ?? assert.fail()).sessionKey),
      ...{ start, after, firstBet, betCount },
    })),
  };
  return simulateProof(publicInput(batch, maxVaults));
}
