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
}

export interface ContributeFlags {
  dir: string;
  name: string;
  entropyFile?: string;
}

export interface BeaconFlags {
  dir: string;
  hash: string;
  source: string;
  iterations: number;
}

export interface VerifyFlags {
  dir: string;
  transcript?: string;
  skipPtauCheck?: boolean;
}

export interface ExportFlags {
  dir: string;
  out: string;
}

/** `casino keys ceremony start`. Resolves to the exit code, as all of them. */
export function runStart(flags: StartFlags): Promise<number> {
  return step(flags.out, async (place, output) => {
    const circuit = circuitNamed(flags.circuit);
    output.line('• checking the powers of tau: minutes, and more for a large file');
    const record = await startCeremony(place, { circuit, ptau: flags.ptau });
    print(
      describePowersOfTau(record),
      'Compare these hashes with those that its ceremony published, before anybody contributes.',
    );
    print(`The ceremony for ${record.circuit} begins in ${flags.out}, with the circuit hash`, `  ${record.circuitHash}`);
    return 0;
  });
}

/** `casino keys ceremony contribute` */
export function runContribute(flags: ContributeFlags): Promise<number> {
  return step(flags.dir, async (place, output) => {
    const entropy = await readEntropy({ file: flags.entropyFile, say: (line) => output.line(line) });
    const contribution = await contribute(place, { name: flags.name, entropy });
    entropy.fill(0);
    print(describeContribution(contribution), 'Note this hash and publish it in your own name: the transcript must show it.');
    return 0;
  });
}

/** `casino keys ceremony beacon` */
export function runBeacon(flags: BeaconFlags): Promise<number> {
  return step(flags.dir, async (place) => {
    const beacon = { value: flags.hash, iterationsExponent: flags.iterations, source: flags.source };
    print(describeContribution(await applyBeacon(place, beacon)), 'The ceremony is over: verify it, then export it.');
    return 0;
  });
}

/** `casino keys ceremony verify` */
export function runVerify(flags: VerifyFlags): Promise<number> {
  return step(flags.dir, async (place) => {
    const circuit = circuitNamed(new CeremonyDirectory(flags.dir).record().circuit);
    const transcript = flags.transcript === undefined ? undefined : parseTranscript(readText(flags.transcript));
    const trustPowersOfTau = flags.skipPtauCheck ?? false;
    const { record, sealed, findings } = await verifyCeremony(place, {
      circuit,
      trustPowersOfTau,
      ...(transcript && { transcript }),
    });
    print(`${record.circuit}, r1cs SHA-256 ${record.r1csSha256}`, describePowersOfTau(record));
    for (const contribution of record.contributions) print(describeContribution(contribution));
    for (const { code, message } of findings) print(`${code}: ${message}`);
    if (trustPowersOfTau)
      print('NOT CHECKED: the powers of tau were believed for their hashes. Compare those with the published ones.');
    if (!sealed) print('Not finished: no beacon has ended it yet.');
    print(
      findings.length === 0
        ? 'Everything that was checked holds.'
        : `${findings.length} things do not hold: do not use this key.`,
    );
    return findings.length === 0 ? 0 : EXIT_FINDING;
  });
}

/** `casino keys ceremony export` */
export function runExport(flags: ExportFlags): Promise<number> {
  return step(flags.dir, async (place) => {
    const circuit = circuitNamed(new CeremonyDirectory(flags.dir).record().circuit);
    const { transcript, files } = await exportCeremony(place, { circuit, out: flags.out });
    print(...Object.values(files), `verifying key SHA-256 ${transcript.verifyingKeySha256}`);
    return 0;
  });
}

async function step(directory: string, run: (place: Place, output: Output) => Promise<number>): Promise<number> {
  const output = new Output(process.stderr);
  let snarkjs: Snarkjs | undefined;
  try {
    snarkjs = await Snarkjs.load((message) => output.progress(message));
    return await run({ directory, snarkjs }, output);
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

function print(...lines: string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`);
}
