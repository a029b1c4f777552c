// Would catch: a ceremony that can be tampered with unseen, a key that does not prove, a step that leaves half a file or two records.
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { developmentSetup, Prover, verifyGroth16 } from '../native/index.ts';
import {
  fromBytes,
  multiplierR1cs,
  multiplierWitness,
  snarkjs,
  stopReferenceThreads,
  toSnarkjs,
} from '../native/test/fixtures.ts';
import { type CeremonyRecord, parseTranscript } from '../protocol/ceremony-transcript.ts';
import { readContributions } from './contributions.ts';
import { CeremonyDirectory } from './directory.ts';
import type { CeremonyErrorCode } from './errors.ts';
import { exportCeremony } from './export.ts';
import { describePowersOfTau } from './powers-of-tau.ts';
import { applyBeacon, contribute, startCeremony } from './steps.ts';
import { BEACON, findingsOf, holdCeremony, inPlace, MULTIPLIER, makePowersOfTau } from './test/rehearsal.ts';

const root = mkdtempSync(join(tmpdir(), 'ceremony-'));
const at = (...names: string[]) => join(root, ...names);
const [ptau, otherPtau, whole] = [at('powers.ptau'), at('other.ptau'), at('whole')];
const refuses = (code: CeremonyErrorCode, run: Promise<unknown>, message?: RegExp) =>
  assert.rejects(run, { name: 'CeremonyError', code, ...(message && { message }) });
const ENTROPY = new TextEncoder().encode('typed');

before(async () => {
  writeFileSync(ptau, await makePowersOfTau({ power: 7 }));
  writeFileSync(otherPtau, await makePowersOfTau({ power: 7, name: 'second' }));
  await holdCeremony(whole, { ptau });
});
after(async () => {
  await stopReferenceThreads();
  rmSync(root, { recursive: true, force: true });
});

let counter = 0;
let copy: string;
/** A copy of the finished ceremony, to be tampered with. */
beforeEach(() => {
  counter += 1;
  copy = at(`copy-${counter}`);
  cpSync(whole, copy, { recursive: true });
});
const editRecord = (directory: string, edit: (record: CeremonyRecord) => void) => {
  const path = join(directory, 'ceremony.json');
  const record = JSON.parse(readFileSync(path, 'utf8')) as CeremonyRecord;
  edit(record);
  writeFileSync(path, JSON.stringify(record));
};
const keyPath = (directory: string, number: number) => new CeremonyDirectory(directory).key(number);
const sha256 = async (path: string) => Buffer.from(await crypto.subtle.digest('SHA-256', readFileSync(path))).toString('hex');
/** Puts another key in the place of one, and its hash and contributions into the record. */
async function passOff(directory: string, zkey: string | Uint8Array) {
  const path = keyPath(directory, 3);
  writeFileSync(path, typeof zkey === 'string' ? readFileSync(zkey) : zkey);
  const zkeySha256 = await sha256(path);
  editRecord(directory, (record) => Object.assign(record.contributions[2] as object, { zkeySha256 }));
}

describe('a ceremony that was held', () => {
  test('verifies, and its key proves natively what snarkjs and the kernel accept', async () => {
    assert.deepEqual(await findingsOf(whole, { trustPowersOfTau: false }), []);
    const zkey = readFileSync(keyPath(whole, 3));
    const prover = await Prover.load(zkey);
    assert.equal(prover.isDevelopmentKey, false);
    const proof = await prover.prove(await multiplierWitness({ x: 3n, y: 5n }));
    assert.equal(verifyGroth16({ verifyingKey: prover.verifyingKey, ...proof }), true);
    const key = await snarkjs.zKey.exportVerificationKey(zkey);
    assert.equal(await snarkjs.groth16.verify(key, fromBytes(proof.publicInputs).map(String), toSnarkjs(proof.proof)), true);
  });

  test('shows each participant the hash that snarkjs shows', async () => {
    const [to, from] = [{ type: 'mem' } as { type: 'mem'; data?: Uint8Array }, new Uint8Array(readFileSync(keyPath(whole, 0)))];
    const hash = (await snarkjs.zKey.contribute(from, to, 'Ada', 'entropy')) as Uint8Array;
    const { contributions } = readContributions(to.data as Uint8Array);
    assert.deepEqual(contributions, [{ name: 'Ada', hash: Buffer.from(hash).toString('hex') }]);
  });

  test('of one step twice never comes to the same key: the secret is drawn anew', async () => {
    const keys = new Set<string>();
    for (const name of ['a', 'b']) {
      const directory = at(`repeat-${name}`);
      await inPlace(directory, async (place) => {
        await startCeremony(place, { circuit: MULTIPLIER, ptau });
        await contribute(place, { name: 'Ada', entropy: ENTROPY });
      });
      keys.add(await sha256(keyPath(directory, 1)));
      assert.equal(await sha256(keyPath(directory, 0)), await sha256(keyPath(whole, 0)));
    }
    assert.equal(keys.size, 2);
  });

  test('is exported with a transcript that names all of it, and no secret', async () => {
    const out = at('exported');
    const { transcript, files } = await inPlace(copy, (place) => exportCeremony(place, { circuit: MULTIPLIER, out }));
    assert.deepEqual(parseTranscript(readFileSync(files.transcript, 'utf8')), transcript);
    assert.deepEqual(
      transcript.contributions.map(({ name, beacon }) => [name, beacon?.value]),
      [
        ['Ada', undefined],
        ['Grace', undefined],
        ['beacon', BEACON.value],
      ],
    );
    assert.equal(transcript.zkeySha256, await sha256(files.provingKey));
    assert.equal(transcript.verifyingKeySha256, await sha256(files.verifyingKey));
    assert.equal(readdirSync(out).length, 4);
    assert.deepEqual(await findingsOf(copy, { transcript }), []);
    for (const name of ['zkeySha256', 'verifyingKey', 'r1csSha256', 'circuitHash', 'verifyingKeySha256'] as const) {
      const text = transcript[name];
      const edited = { ...transcript, [name]: `${text.slice(0, -1)}${text.endsWith('0') ? '1' : '0'}` };
      assert.deepEqual(await findingsOf(copy, { transcript: edited }), ['TRANSCRIPT_DIFFERS'], name);
    }
  });

  test('needs of its keys the last one only', async () => {
    for (const number of [0, 1, 2]) rmSync(keyPath(copy, number));
    assert.deepEqual(await findingsOf(copy), []);
    rmSync(keyPath(copy, 3));
    assert.deepEqual(await findingsOf(copy), ['KEY_DIFFERS']);
  });
});

describe('tampering is found and named', () => {
  test('a contribution that is dropped, from the record or from the key', async () => {
    editRecord(copy, (record) => void record.contributions.splice(1, 1));
    editRecord(copy, (record) => Object.assign(record.contributions[1] as object, { number: 2 }));
    const zkeySha256 = await sha256(keyPath(copy, 3));
    cpSync(keyPath(copy, 3), keyPath(copy, 2));
    editRecord(copy, (record) => Object.assign(record.contributions[1] as object, { zkeySha256 }));
    const found = await findingsOf(copy);
    assert.ok(found.includes('CONTRIBUTION_MISSING') && found.includes('CONTRIBUTION_REPLACED'), String(found));
  });

  test('a key from before the last contributions', async () => {
    await passOff(copy, keyPath(whole, 2));
    assert.deepEqual(await findingsOf(copy), ['CONTRIBUTION_MISSING']);
  });

  test('contributions that are replaced by others of the same names', async () => {
    const other = at('replaced');
    await holdCeremony(other, { ptau });
    await passOff(copy, keyPath(other, 3));
    assert.deepEqual(await findingsOf(copy), ['CONTRIBUTION_REPLACED']);
  });

  test('a contribution whose name or hash is edited in the record', async () => {
    editRecord(copy, ({ contributions: [first] }) => Object.assign(first as object, { name: 'Mallory' }));
    assert.deepEqual(await findingsOf(copy), ['CONTRIBUTION_REPLACED']);
  });

  test('another beacon, in the record or in the key', async () => {
    const value = `00${BEACON.value.slice(2)}`;
    editRecord(copy, ({ contributions }) => Object.assign(contributions[2]?.beacon as object, { value }));
    assert.deepEqual(await findingsOf(copy), ['BEACON_DIFFERS']);
    // In the key as well: then the secret is not the one that follows from it.
    const zkey = readFileSync(keyPath(copy, 3));
    Buffer.from(value, 'hex').copy(zkey, zkey.indexOf(Buffer.from(BEACON.value, 'hex')));
    await passOff(copy, zkey);
    assert.deepEqual(await findingsOf(copy), ['CHAIN_INVALID']);
  });

  test('every part of the key that is changed', async () => {
    const zkey = readFileSync(keyPath(copy, 3));
    for (let offset = 1_000; offset < zkey.length; offset += 600) {
      const changed = Buffer.from(zkey);
      changed[offset] = (changed[offset] as number) ^ 1;
      await passOff(copy, changed);
      assert.notDeepEqual(await findingsOf(copy), [], `byte ${offset}`);
    }
  });

  test('a key of another circuit, whose record says so or not', async () => {
    const renamed = { ...MULTIPLIER, name: 'tiny', r1csSha256: '00'.repeat(32) };
    assert.deepEqual(await findingsOf(copy, { circuit: renamed }), ['CIRCUIT']);
    // The same wires and one other coefficient: all sizes fit.
    const r1csBytes = multiplierR1cs.slice();
    const one = Buffer.from(`01${'00'.repeat(31)}`, 'hex');
    const coefficient = Buffer.from(r1csBytes.buffer, r1csBytes.byteOffset, r1csBytes.length).indexOf(one);
    r1csBytes[coefficient] = 2;
    const other = at('other-circuit');
    await holdCeremony(other, { ptau, circuit: { ...MULTIPLIER, r1cs: () => r1csBytes } });
    assert.deepEqual(await findingsOf(other), ['CHAIN_INVALID']);
  });

  test('other powers of tau, in the file and in the record', async () => {
    cpSync(otherPtau, join(copy, 'powers-of-tau.ptau'));
    assert.ok((await findingsOf(copy)).includes('PTAU_DIFFERS'));
    const other = at('other-powers');
    await inPlace(other, (place) => startCeremony(place, { circuit: MULTIPLIER, ptau: otherPtau }));
    const { powersOfTau } = new CeremonyDirectory(other).record();
    editRecord(copy, (record) => Object.assign(record, { powersOfTau }));
    assert.deepEqual(await findingsOf(copy), ['CHAIN_INVALID']);
    // Damaged, and with hashes in the record that fit.
    const damaged = readFileSync(ptau);
    damaged[5_000] = (damaged[5_000] as number) ^ 1;
    writeFileSync(join(copy, 'powers-of-tau.ptau'), damaged);
    const fitting = describePowersOfTau(damaged, 'powers.ptau');
    editRecord(copy, (record) => Object.assign(record, { powersOfTau: fitting }));
    assert.ok((await findingsOf(copy, { trustPowersOfTau: false })).includes('PTAU_INVALID'));
  });

  test('powers of tau that are damaged before the start, or for another use', async () => {
    const damaged = readFileSync(ptau);
    // Within the powers of tau in G1.
    damaged[5_000] = (damaged[5_000] as number) ^ 1;
    writeFileSync(at('damaged.ptau'), damaged);
    writeFileSync(at('unprepared.ptau'), await makePowersOfTau({ power: 3, prepared: false }));
    writeFileSync(at('small.ptau'), await makePowersOfTau({ power: 3 }));
    const start = (name: string) =>
      inPlace(at('never'), (place) => startCeremony(place, { circuit: MULTIPLIER, ptau: at(name) }));
    await refuses('PTAU_UNUSABLE', start('damaged.ptau'), /does not verify/);
    await refuses('PTAU_UNUSABLE', start('unprepared.ptau'), /not prepared for phase 2/);
    await refuses('PTAU_UNUSABLE', start('small.ptau'), /power 3: multiplier needs 7/);
    await refuses('BAD_INPUT', start('missing.ptau'));
    await refuses('PTAU_UNUSABLE', start('whole/0003.zkey'), /no ptau file/);
    assert.deepEqual(readdirSync(at('never')), []);
  });

  test('a development key, with its mark and without', async () => {
    const development = await developmentSetup(multiplierR1cs);
    await passOff(copy, development);
    assert.ok((await findingsOf(copy)).includes('DEVELOPMENT_KEY'));
    const contributed: { type: 'mem'; data?: Uint8Array } = { type: 'mem' };
    await snarkjs.zKey.contribute(development, contributed, 'Ada', 'entropy');
    await passOff(copy, contributed.data as Uint8Array);
    const found = await findingsOf(copy);
    assert.ok(found.includes('CIRCUIT') && found.includes('CHAIN_INVALID'), String(found));
  });

  test('and nothing of it is exported', async () => {
    await passOff(copy, keyPath(whole, 2));
    const out = at('not-exported');
    await refuses(
      'NOT_VERIFIED',
      inPlace(copy, (place) => exportCeremony(place, { circuit: MULTIPLIER, out })),
      /CONTRIBUTION_MISSING/,
    );
    assert.equal(existsSync(out), false);
  });
});

describe('a step', () => {
  test('out of turn is refused: twice begun, ended too early, gone on with after the beacon', async () => {
    await inPlace(copy, async (place) => {
      await refuses('ALREADY_STARTED', startCeremony(place, { circuit: MULTIPLIER, ptau }));
      await refuses('SEALED', contribute(place, { name: 'Late', entropy: ENTROPY }));
      await refuses('SEALED', applyBeacon(place, BEACON));
    });
    const fresh = at('fresh');
    await inPlace(fresh, async (place) => {
      await refuses('NOT_A_CEREMONY', contribute(place, { name: 'Early', entropy: ENTROPY }));
      await startCeremony(place, { circuit: MULTIPLIER, ptau });
      await refuses('BAD_INPUT', applyBeacon(place, BEACON), /nobody has contributed/);
      await contribute(place, { name: 'Ada', entropy: ENTROPY });
      await refuses('NOT_SEALED', exportCeremony(place, { circuit: MULTIPLIER, out: at('unsealed') }));
    });
  });

  test('with a name or a beacon that is none is refused', async () => {
    const fresh = at('names');
    await inPlace(fresh, async (place) => {
      await startCeremony(place, { circuit: MULTIPLIER, ptau });
      for (const name of ['', 'a\u001b[2J', 'x'.repeat(65), 'beacon', 'a\u202eb']) {
        await refuses('BAD_INPUT', contribute(place, { name, entropy: ENTROPY }));
      }
      await contribute(place, { name: 'Zoë Ω', entropy: ENTROPY });
      for (const change of [
        { value: 'c0ffee' },
        { value: 'not hex'.repeat(9) },
        { iterationsExponent: 9 },
        { iterationsExponent: 33 },
        { source: '' },
      ]) {
        await refuses('BAD_INPUT', applyBeacon(place, { ...BEACON, ...change }));
      }
    });
    assert.deepEqual(readdirSync(fresh).sort(), ['0000.zkey', '0001.zkey', 'ceremony.json', 'powers-of-tau.ptau']);
  });

  test('on a key that is not the recorded one is refused', async () => {
    const fresh = at('swapped');
    await inPlace(fresh, async (place) => {
      await startCeremony(place, { circuit: MULTIPLIER, ptau });
      cpSync(keyPath(whole, 1), keyPath(fresh, 0));
      await refuses('FILE_DIFFERS', contribute(place, { name: 'Ada', entropy: ENTROPY }));
    });
  });

  test('of two at once only one is taken, and what interrupted ones leave does no harm', async () => {
    const fresh = at('race');
    await inPlace(fresh, async (place) => {
      await startCeremony(place, { circuit: MULTIPLIER, ptau });
      const both = await Promise.allSettled(['Ada', 'Eve'].map((name) => contribute(place, { name, entropy: ENTROPY })));
      assert.deepEqual(both.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
      const [lost] = both.filter((one) => one.status === 'rejected');
      assert.equal(lost?.reason.code, 'CHANGED_MEANWHILE');
      // A crash after the key was written and before the record was, and one within a write.
      writeFileSync(keyPath(fresh, 2), 'half');
      writeFileSync(`${keyPath(fresh, 2)}.abcdef.partial`, 'half');
      await contribute(place, { name: 'Grace', entropy: ENTROPY });
      await applyBeacon(place, BEACON);
    });
    assert.deepEqual(await findingsOf(fresh), []);
    assert.equal(readdirSync(fresh).filter((name) => name.endsWith('.partial')).length, 0);
  });
});
