// Would catch: a file from outside that crashes the process, hangs it, or gets past a check.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import fc from 'fast-check';
import { developmentSetup, Prover, verifyGroth16, verifyingKeyBytes } from './index.ts';
import { g1OffCurve, g2OutsideSubgroup } from './test/bad-points.ts';
import {
  BASE_MODULUS,
  multiplierR1cs,
  multiplierWitness,
  readSections,
  stopReferenceThreads,
  toBytes,
  withCode,
  withSection,
  writeSections,
} from './test/fixtures.ts';

const HEADER = 2;
const COEFFICIENTS = 4;
const [FIRST_POINTS, LAST_POINTS] = [3, 9];
/** Sections that the prover has no use for: the contributions' record and the development mark. */
const UNUSED = [10, 1000];

let zkey: Uint8Array;
let witness: Uint8Array;
let prover: Prover;

before(async () => {
  zkey = await developmentSetup(multiplierR1cs);
  witness = await multiplierWitness({ x: 3n, y: 5n });
  prover = await Prover.load(zkey);
});
after(stopReferenceThreads);

const zkeyFault = withCode('MALFORMED_ZKEY', 'UNSUPPORTED_FILE', 'TOO_LARGE');
const refused = (bytes: Uint8Array) => assert.rejects(Prover.load(bytes), zkeyFault);

/** Coordinates as a zkey has them: little endian, times 2^256. */
function zkeyPoint(coordinates: readonly bigint[]): Uint8Array {
  const montgomery = coordinates.map((coordinate) => (coordinate << 256n) % BASE_MODULUS);
  return toBytes(...montgomery.reverse()).reverse();
}

function setAt(content: Uint8Array, offset: number, part: Uint8Array): Uint8Array {
  const out = content.slice();
  out.set(part, offset);
  return out;
}

test('a zkey cut short anywhere is refused', async () => {
  for (let length = 0; length < zkey.length; length += 61) await refused(zkey.slice(0, length));
  await refused(Uint8Array.from([...zkey, 0]));
});

test('each section missing, twice, shorter or longer is refused', async () => {
  const sections = readSections(zkey);
  for (const section of sections) {
    const others = sections.filter((other) => other !== section);
    await refused(writeSections(zkey, [...sections, section]));
    if (UNUSED.includes(section.id)) continue;
    await refused(writeSections(zkey, others));
    await refused(withSection(zkey, section.id, (content) => content.slice(0, -1)));
    await refused(withSection(zkey, section.id, (content) => content.slice(1)));
    await refused(withSection(zkey, section.id, (content) => Uint8Array.from([...content, 0])));
    await refused(withSection(zkey, section.id, () => new Uint8Array(0)));
  }
});

test('a section length beyond the file, up to 2^64 - 1, is refused', async () => {
  for (const length of [1n << 20n, 1n << 32n, 1n << 63n, (1n << 64n) - 1n]) {
    const changed = Buffer.from(zkey);
    changed.writeBigUInt64LE(length, 16);
    await refused(Uint8Array.from(changed));
  }
  const many = Buffer.from(zkey);
  many.writeUInt32LE(0xffffffff, 8);
  await refused(Uint8Array.from(many));
});

test('counts in the header that do not fit are refused', async () => {
  for (const offset of [72, 76, 80]) {
    for (const value of [0, 1, 3, 5, 4096, 2 ** 22, 2 ** 31, 2 ** 32 - 1]) {
      const part = new Uint8Array(Uint32Array.of(value).buffer);
      const changed = withSection(zkey, HEADER, (content) => setAt(content, offset, part));
      if (Buffer.compare(changed, zkey) !== 0) await refused(changed);
    }
  }
});

test('a point off the curve, not canonical or outside the subgroup is refused in every section', async () => {
  for (let id = FIRST_POINTS; id <= LAST_POINTS; id++) {
    if (id === COEFFICIENTS) continue;
    await refused(withSection(zkey, id, (content) => setAt(content, 0, new Uint8Array(32).fill(255))));
    const point = id === 7 ? zkeyPoint(g2OutsideSubgroup()) : zkeyPoint(g1OffCurve());
    await refused(withSection(zkey, id, (content) => setAt(content, 0, point)));
  }
  const g1 = zkeyPoint(g1OffCurve());
  const g2 = zkeyPoint(g2OutsideSubgroup());
  for (const offset of [84, 148, 468]) {
    await refused(withSection(zkey, HEADER, (content) => setAt(content, offset, g1)));
    await refused(withSection(zkey, HEADER, (content) => setAt(content, offset, new Uint8Array(64))));
  }
  for (const offset of [212, 340, 532]) {
    const changed = withSection(zkey, HEADER, (content) => setAt(content, offset, g2));
    await refused(changed);
    assert.throws(() => verifyingKeyBytes(changed), zkeyFault);
    await refused(withSection(zkey, HEADER, (content) => setAt(content, offset, new Uint8Array(128))));
  }
});

test('a coefficient outside the matrices, the rows, the wires or the field is refused', async () => {
  const tooLarge = new Uint8Array(Uint32Array.of(1000).buffer);
  for (const offset of [4, 8, 12]) {
    await refused(withSection(zkey, COEFFICIENTS, (content) => setAt(content, offset, tooLarge)));
  }
  await refused(withSection(zkey, COEFFICIENTS, (content) => setAt(content, 16, new Uint8Array(32).fill(255))));
  await refused(withSection(zkey, COEFFICIENTS, (content) => setAt(content, 0, tooLarge)));
});

test('whatever bit of a zkey flips: a coded error, or a proof that holds', async () => {
  const bit = fc.nat({ max: zkey.length * 8 - 1 });
  await fc.assert(
    fc.asyncProperty(bit, async (index) => {
      const changed = zkey.slice();
      changed[index >> 3] = (changed[index >> 3] ?? 0) ^ (1 << (index & 7));
      try {
        const proof = await (await Prover.load(changed)).prove(witness);
        assert.equal(verifyGroth16({ verifyingKey: prover.verifyingKey, ...proof }), true);
      } catch (error) {
        withCode('MALFORMED_ZKEY', 'UNSUPPORTED_FILE', 'TOO_LARGE', 'WITNESS_UNSATISFIED')(error);
      }
    }),
    { numRuns: 150 },
  );
});

test('a swapped coefficient proves nothing false', async () => {
  const two = toBytes(2n).reverse();
  const changed = withSection(zkey, COEFFICIENTS, (content) => setAt(content, 16, two));
  await assert.rejects((await Prover.load(changed)).prove(witness), withCode('WITNESS_UNSATISFIED'));
});

test('a witness cut short, of another size, field or magic is refused', async () => {
  const fault = withCode('MALFORMED_WITNESS', 'UNSUPPORTED_FILE');
  for (let length = 0; length < witness.length; length += 7) {
    await assert.rejects(prover.prove(witness.slice(0, length)), fault);
  }
  for (const { id } of readSections(witness)) {
    await assert.rejects(prover.prove(withSection(witness, id, (content) => content.slice(1))), fault);
    await assert.rejects(prover.prove(withSection(witness, id, () => new Uint8Array(0))), fault);
  }
  for (let offset = 0; offset < 76; offset++) {
    await assert.rejects(prover.prove(setAt(witness, offset, Uint8Array.of(0x55))), fault, `offset ${offset}`);
  }
  await assert.rejects(prover.prove(setAt(witness, 76, Uint8Array.of(2))), fault);
  await assert.rejects(prover.prove(setAt(witness, 108, new Uint8Array(32).fill(255))), fault);
});

test('a damaged r1cs gives a coded error or a set-up, never a crash', async () => {
  const fault = withCode('MALFORMED_R1CS', 'UNSUPPORTED_FILE', 'TOO_LARGE');
  for (let length = 0; length < multiplierR1cs.length; length += 17) {
    await assert.rejects(developmentSetup(multiplierR1cs.slice(0, length)), fault);
  }
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: multiplierR1cs.length - 1 }), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = multiplierR1cs.slice();
      changed[at] = (changed[at] ?? 0) ^ by;
      await developmentSetup(changed).catch(fault);
    }),
    { numRuns: 100 },
  );
});

test('random bytes are refused by every parser', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 600 }), fc.constantFrom('zkey', 'r1cs', 'wtns', ''), async (tail, magic) => {
      const bytes = Uint8Array.from([...Buffer.from(magic), 1, 0, 0, 0, ...tail]);
      await refused(bytes);
      await assert.rejects(developmentSetup(bytes), withCode('MALFORMED_R1CS', 'UNSUPPORTED_FILE', 'TOO_LARGE'));
      await assert.rejects(prover.prove(bytes), withCode('MALFORMED_WITNESS', 'UNSUPPORTED_FILE'));
      assert.throws(() => verifyingKeyBytes(bytes), zkeyFault);
    }),
    { numRuns: 100 },
  );
});
