/** What the tests of this folder share: the fixture circuit, number encodings, and files of the iden3 container. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { NativeError, type NativeErrorCode } from '../errors.ts';

const require = createRequire(import.meta.url);
/** The independent implementations that the kernel is compared with (untyped, development only). */
export const snarkjs = require('snarkjs');
export const circomlibjs = require('circomlibjs');

/** Order of the BN254 scalar field, in which Poseidon and BabyJubJub live. */
export const SCALAR_MODULUS = 21888242871839275222246405745257275088548364400416034343698204186575808495617n;
/** Order of the BN254 base field. */
export const BASE_MODULUS = 21888242871839275222246405745257275088696311157297823662689037894645226208583n;

const fixture = (name: string) => new Uint8Array(readFileSync(new URL(`../fixtures/${name}`, import.meta.url)));

/** fixtures/multiplier.circom, compiled by circom 2. */
export const multiplierR1cs = fixture('multiplier.r1cs');
const multiplierWasm = fixture('multiplier.wasm');

/** A satisfying witness; its public inputs are [x^65 + y, x y, y]. */
export async function multiplierWitness(inputs: { x: bigint; y: bigint }): Promise<Uint8Array> {
  const file: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
  await snarkjs.wtns.calculate(inputs, multiplierWasm, file);
  assert(file.data !== undefined);
  return Uint8Array.from(file.data);
}

/** snarkjs and circomlibjs keep worker threads; a test file ends only once they are stopped. */
export async function stopReferenceThreads(): Promise<void> {
  const curve = (globalThis as { curve_bn128?: { terminate(): Promise<void> } }).curve_bn128;
  await curve?.terminate();
}

/** 32 bytes each, big endian. */
export function toBytes(...values: readonly bigint[]): Uint8Array {
  return Uint8Array.from(Buffer.from(values.map((value) => value.toString(16).padStart(64, '0')).join(''), 'hex'));
}

/** The big-endian integers in each 32 bytes. */
export function fromBytes(bytes: Uint8Array): bigint[] {
  const hex = Buffer.from(bytes).toString('hex');
  return (hex.match(/.{64}/g) ?? []).map((digits) => BigInt(`0x${digits}`));
}

/** A proof's 256 bytes in the form of snarkjs. */
export function toSnarkjs(bytes: Uint8Array) {
  const [ax, ay, bx1, bx0, by1, by0, cx, cy] = fromBytes(bytes).map(String);
  const [a, b, c] = [
    [ax, ay, '1'],
    [
      [bx0, bx1],
      [by0, by1],
      ['1', '0'],
    ],
    [cx, cy, '1'],
  ];
  return { pi_a: a, pi_b: b, pi_c: c, protocol: 'groth16', curve: 'bn128' };
}

export type Section = { id: number; content: Uint8Array };

/** The sections of a zkey, r1cs or wtns file, in file order. */
export function readSections(file: Uint8Array): Section[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sections: Section[] = [];
  for (let offset = 12; offset < file.length; ) {
    const length = Number(view.getBigUint64(offset + 4, true));
    const start = offset + 12;
    sections.push({ id: view.getUint32(offset, true), content: file.slice(start, start + length) });
    offset = start + length;
  }
  return sections;
}

/** A file with the magic and version of `original` and other sections. */
export function writeSections(original: Uint8Array, sections: readonly Section[]): Uint8Array {
  const header = Buffer.from(original.slice(0, 12));
  header.writeUInt32LE(sections.length, 8);
  const parts = sections.flatMap(({ id, content }) => {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(id, 0);
    head.writeBigUInt64LE(BigInt(content.length), 4);
    return [head, content];
  });
  return Uint8Array.from(Buffer.concat([header, ...parts]));
}

/** `original` with one section's content changed. */
export function withSection(original: Uint8Array, id: number, change: (content: Uint8Array) => Uint8Array): Uint8Array {
  const sections = readSections(original);
  return writeSections(
    original,
    sections.map((section) => (section.id === id ? { id, content: change(section.content) } : section)),
  );
}

/** Matches a NativeError of one of the codes, for assert.throws and assert.rejects. */
export function withCode(...codes: readonly NativeErrorCode[]): (error: unknown) => true {
  return (error) => {
    assert(error instanceof NativeError, `not a NativeError: ${error}`);
    assert(codes.includes(error.code), `${error.code} (${error.message}) is none of ${codes.join(', ')}`);
    return true;
  };
}
