/** The sections of iden3's binary files, for what needs no more of them than that. The binary reads and checks their content. */
import { NativeError } from './errors.ts';

/** `src/zkey.rs` */
const DEVELOPMENT_MARK = 1_000;
const CONTRIBUTIONS = 10;
const FILE_HEADER_BYTES = 12;
const SECTION_HEADER_BYTES = 12;

/** Whether a zkey says of itself that it is a development key. False proves nothing: the mark can be taken off. `MALFORMED_ZKEY`. */
export function hasDevelopmentMark(zkey: Uint8Array): boolean {
  return sectionsOf(zkey, 'zkey').has(DEVELOPMENT_MARK);
}

/** The section of a zkey in which snarkjs records the contributions. `MALFORMED_ZKEY` if there is none. */
export function contributionsSection(zkey: Uint8Array): Uint8Array {
  const section = sectionsOf(zkey, 'zkey').get(CONTRIBUTIONS);
  return section ?? malformed('has no record of contributions');
}

/** The sections of a file by their number. `MALFORMED_ZKEY` if it is of another kind, cut short, or has a section twice. */
export function sectionsOf(file: Uint8Array, kind: 'zkey' | 'ptau'): Map<number, Uint8Array> {
  if (file.length < FILE_HEADER_BYTES || String.fromCharCode(...file.subarray(0, 4)) !== kind) malformed(`is no ${kind} file`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sections = new Map<number, Uint8Array>();
  let offset = FILE_HEADER_BYTES;
  while (offset < file.length) {
    if (file.length - offset < SECTION_HEADER_BYTES) malformed('ends within a section');
    const id = view.getUint32(offset, true);
    const length = view.getBigUint64(offset + 4, true);
    const start = offset + SECTION_HEADER_BYTES;
    if (length > BigInt(file.length - start)) malformed('ends within a section');
    if (sections.has(id)) malformed(`has section ${id} twice`);
    offset = start + Number(length);
    sections.set(id, file.subarray(start, offset));
  }
  return sections;
}

function malformed(fault: string): never {
  throw new NativeError('MALFORMED_ZKEY', `the file ${fault}`);
}
