import { readFileSync } from 'node:fs';
import { circuitNamed } from '../ceremony/circuit.ts';
import { CeremonyDirectory } from '../ceremony/directory.ts';
import { CeremonyError, type CeremonyErrorCode } from '../ceremony/errors.ts';
import { exportCeremony } from '../ceremony/export.ts';
import { Snarkjs } from '../ceremony/snarkjs.ts';
import { applyBeacon, contribute, type Place, startCeremony } from '../ceremony/steps.ts';
import { verifyCeremony } from '../ceremony/verify.ts';
import { type CeremonyRecord, type Contribution, parseTranscript } from '../protocol/ceremony-transcript.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { readEntropy } from './entropy.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { Output } from './output.ts';

/** What is wrong with the files rather than with the command. */
const FINDINGS: readonly CeremonyErrorCode[] = ['PTAU_UNUSABLE', 'FILE_DIFFERS', 'NOT_VERIFIED', 'TOOL_FAILED'];

export interface StartFlags {
  circuit: string;
  ptau: string;
  out: string;
  json?: boolean;
}

export interface ContributeFlags {
  dir: string;
  name: string;
  entropyFile?: string;
  json?: boolean;
}

export interface BeaconFlags {
  dir: string;
  hash: string;
  source: string;
  iterations: number;
  json?: boolean;
}

export interface VerifyFlags {
  dir: string;
  transcript?: string;
  skipPtauCheck?: boolean;
  json?: boolean;
}

export interface ExportFlags {
  dir: string;
  out: string;
  json?: boolean;
}

/** `casino keys ceremony start`. Resolves to the exit code, as all of them. */
export function runStart(flags: StartFlags): Promise<number> {
  return step({ ...flags, directory: flags.out }, async (place, output) => {
    const circuit = circuitNamed(flags.circuit);
    output.line('• checking the powers of tau: minutes, and more for a large file');
    const record = await startCeremony(place, { circuit, ptau: flags.ptau });
    const lines = [
      describePowersOfTau(record),
      'Compare these hashes with those that its ceremony published, before anybody contributes.',
      `The ceremony for ${record.circuit} begins in ${flags.out}, with the circuit hash`,
      `  ${record.circuitHash}`,
    ];
    return { code: 0, lines, json: record };
  });
}

/** `casino keys ceremony contribute` */
export function runContribute(flags: ContributeFlags): Promise<number> {
  return step({ ...flags, directory: flags.dir }, async (place, output) => {
    const entropy = await readEntropy({ file: flags.entropyFile, say: (line) => output.line(line) });
    const contribution = await contribute(place, { name: flags.name, entropy });
    entropy.fill(0);
    const advice = 'Note this hash and publish it in your own name: the transcript must show it.';
    return { code: 0, lines: [describeContribution(contribution), advice], json: contribution };
  });
}

/** `casino keys ceremony beacon` */
export function runBeacon(flags: BeaconFlags): Promise<number> {
  return step({ ...flags, directory: flags.dir }, async (place) => {
    const beacon = { value: flags.hash, iterationsExponent: flags.iterations, source: flags.source };
    const applied = await applyBeacon(place, beacon);
    const lines = [describeContribution(applied), 'The ceremony is over: verify it, then export it.'];
    return { code: 0, lines, json: applied };
  });
}

/** `casino keys ceremony verify` */
export function runVerify(flags: VerifyFlags): Promise<number> {
  return step({ ...flags, directory: flags.dir }, async (place) => {
    const circuit = circuitNamed(new CeremonyDirectory(flags.dir).record().circuit);
    const transcript = flags.transcript === undefined ? undefined : parseTranscript(readText(flags.transcript));
    const trustPowersOfTau = flags.skipPtauCheck ?? false;
    const { record, sealed, findings } = await verifyCeremony(place, {
      circuit,
      trustPowersOfTau,
      ...(transcript && { transcript }),
    });
    const holds = findings.length === 0;
    const lines = [
      `${record.circuit}, r1cs SHA-256 ${record.r1csSha256}`,
      describePowersOfTau(record),
      ...record.contributions.map(describeContribution),
      ...findings.map(({ code, message }) => `${code}: ${message}`),
      ...(trustPowersOfTau
        ? ['NOT CHECKED: the powers of tau were believed for their hashes. Compare those with the published ones.']
        : []),
      ...(sealed ? [] : ['Not finished: no beacon has ended it yet.']),
      holds ? 'Everything that was checked holds.' : `${findings.length} things do not hold: do not use this key.`,
    ];
    const json = { ...record, sealed, findings, powersOfTauChecked: !trustPowersOfTau };
    return { code: holds ? 0 : EXIT_FINDING, lines, json };
  });
}

/** `casino keys ceremony export` */
export function runExport(flags: ExportFlags): Promise<number> {
  return step({ ...flags, directory: flags.dir }, async (place) => {
    const circuit = circuitNamed(new CeremonyDirectory(flags.dir).record().circuit);
    const { transcript, files } = await exportCeremony(place, { circuit, out: flags.out });
    const lines = [...Object.values(files), `verifying key SHA-256 ${transcript.verifyingKeySha256}`];
    return { code: 0, lines, json: { files, verifyingKeySha256: transcript.verifyingKeySha256 } };
  });
}

/** How a step has ended: for people, and with `--json` for programs. */
interface Ended {
  code: number;
  lines: string[];
  json: object;
}

async function step(
  { directory, json }: { directory: string; json?: boolean },
  run: (place: Place, output: Output) => Promise<Ended>,
): Promise<number> {
  const output = new Output(process.stderr);
  let snarkjs: Snarkjs | undefined;
  try {
    snarkjs = await Snarkjs.load((message) => output.progress(message));
    const ended = await run({ directory, snarkjs }, output);
    output.end();
    process.stdout.write(`${json ? JSON.stringify(ended.json) : ended.lines.join('\n')}\n`);
    return ended.code;
  } catch (error) {
    if (!(error instanceof CeremonyError || error instanceof ProtocolError)) throw error;
    output.line(`${error.code}: ${error.message}`);
    if (error.code === 'CHANGED_MEANWHILE') return EXIT_AGAIN;
    return (FINDINGS as string[]).includes(error.code) ? EXIT_FINDING : EXIT_USAGE;
  } finally {
    output.end();
    await snarkjs?.close();
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new CeremonyError('BAD_INPUT', `${path} can not be read`, { cause });
  }
}

function describePowersOfTau({ powersOfTau: { name, power, sha256, blake2b512 } }: CeremonyRecord): string {
  return `powers of tau ${name}, power ${power}\n  SHA-256     ${sha256}\n  BLAKE2b-512 ${blake2b512}`;
}

function describeContribution({ number, name, hash, beacon }: Contribution): string {
  const from = beacon ? `\n  ${beacon.value}, hashed 2^${beacon.iterationsExponent} times, from: ${beacon.source}` : '';
  return `contribution ${number}, ${name}\n  ${hash}${from}`;
}
