import { type Command, InvalidArgumentError } from 'commander';
import type * as ceremony from './ceremony.ts';
import type { CheckFlags } from './ceremony-check.ts';
import { endOnUsage } from './exit-codes.ts';

const EXIT_CODES = '\nExit codes: 0 done and in order, 1 something does not hold, 2 bad usage, 75 try again later.';

/** `casino keys …`: where proving keys come from. */
export function addKeysCommands(program: Command): void {
  const steps = program
    .command('keys')
    .description('make proving keys, and hold them against what others can check')
    .exitOverride(endOnUsage)
    .command('ceremony')
    .description(
      "make a circuit's proving key together with others, so that nobody knows its secret (docs/operating/ceremony.md)",
    );
  const named = (name: string, description: string) =>
    steps.command(name).description(description).addHelpText('after', EXIT_CODES);
  const inDirectory = (name: string, description: string) =>
    named(name, description).requiredOption('--dir <directory>', 'where the ceremony is kept');
  named('start', 'begin, from powers of tau that others have made')
    .requiredOption('--circuit <name>', 'tiny, small or large')
    .requiredOption('--ptau <file>', 'powers of tau, prepared for phase 2')
    .requiredOption('--out <directory>', 'where the ceremony is to be kept')
    .action(async (flags: ceremony.StartFlags) => finish((await runners()).runStart(flags)));
  inDirectory('contribute', 'add your secret to the key, and forget it')
    .requiredOption('--name <name>', 'of whoever contributes, as the transcript shows it')
    .option('--entropy-file <file>', 'mixed with the randomness of this machine, instead of what you type')
    .action(async (flags: ceremony.ContributeFlags) => finish((await runners()).runContribute(flags)));
  inDirectory('beacon', 'end the ceremony with a public value that was announced before it was known')
    .requiredOption('--hash <hex>', 'the value')
    .requiredOption('--source <text>', 'where it is from, so that others can look it up')
    .option('--iterations <exponent>', 'it is hashed two to the power of this often', wholeNumber, 10)
    .action(async (flags: ceremony.BeaconFlags) => finish((await runners()).runBeacon(flags)));
  inDirectory('verify', 'recompute everything that the ceremony claims')
    .option('--transcript <file>', 'compare the published transcript too')
    .option('--skip-ptau-check', 'believe powers of tau that have the recorded hashes: says so in its result')
    .action(async (flags: ceremony.VerifyFlags) => finish((await runners()).runVerify(flags)));
  inDirectory('export', 'verify, then write the proving key, the verifying key and the transcript')
    .requiredOption('--out <directory>', "for the service's --proving-keys; ceremonies of all sizes may share it")
    .action(async (flags: ceremony.ExportFlags) => finish((await runners()).runExport(flags)));
  named('check', "compare a house's verifying key on chain with a transcript")
    .requiredOption('--transcript <file>', 'of the ceremony')
    .requiredOption('--rpc <url>', "the chain's JSON-RPC address")
    .requiredOption('--house <address>', 'the house')
    .option('--vk <number>', 'the verifying key; by default that of the circuit', wholeNumber)
    .action(async (flags: CheckFlags) => finish((await import('./ceremony-check.ts')).runCheck(flags)));
}

const runners = () => import('./ceremony.ts');

async function finish(run: Promise<number>): Promise<void> {
  process.exitCode = await run;
}

function wholeNumber(text: string): number {
  if (!/^[1-9][0-9]{0,4}$/.test(text)) throw new InvalidArgumentError('must be a positive whole number');
  return Number(text);
}
