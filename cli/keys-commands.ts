import type { Command } from 'commander';
import type * as ceremony from './ceremony.ts';
import type { CheckFlags } from './ceremony-check.ts';
import { answered } from './command-actions.ts';
import { endOnUsage } from './exit-codes.ts';
import { positiveWhole } from './flags.ts';
import type { KeysFlags } from './operator-keys.ts';

const EXIT_CODES = '\nExit codes: 0 done and in order, 1 something does not hold, 2 bad usage, 75 try again later.';

const NOTHING_LEFT = 'nothing was changed';

/** `casino keys …`: where proving keys come from. */
export function addKeysCommands(program: Command): void {
  const keys = program
    .command('keys')
    .description("the operator's keys, Solana keypairs, and where proving keys come from")
    .exitOverride(endOnUsage);
  addKeyFiles(keys);
  const steps = keys
    .command('ceremony')
    .description(
      "make a circuit's proving key together with others, so that nobody knows its secret (docs/operating/ceremony.md)",
    );
  const named = (name: string, description: string) =>
    steps.command(name).description(description).option('--json', 'print one JSON object').addHelpText('after', EXIT_CODES);
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
    .option('--iterations <exponent>', 'it is hashed two to the power of this often', positiveWhole(5), 10)
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
    .option('--vk <number>', 'the verifying key; by default that of the circuit', positiveWhole(5))
    .action(async (flags: CheckFlags) => finish((await import('./ceremony-check.ts')).runCheck(flags)));
}

/** Keypair files: addresses and modes alone, never a secret. */
function addKeyFiles(keys: Command): void {
  const named = (name: string, description: string) =>
    keys
      .command(name)
      .description(description)
      .option('--json', 'print one JSON object')
      .addHelpText('after', EXIT_CODES)
      .exitOverride(endOnUsage);
  named('list', "the operator's keys in a data directory: addresses, file modes, and whether the house has them")
    .option('--data <directory>', "the service's data directory", './data')
    .option('--rpc <url>', 'compare with the house on this chain')
    .option('--house <address>', 'the house, instead of that of the data directory')
    .option('--program <address>', 'its program')
    .action((flags: KeysFlags) =>
      answered(flags, NOTHING_LEFT, async () => (await import('./operator-keys.ts')).listKeys(flags)),
    );
  named('show <file>', 'the address of a Solana keypair file').action((file: string, flags: { json?: boolean }) =>
    answered(flags, NOTHING_LEFT, async () => (await import('./operator-keys.ts')).showKey(file)),
  );
  named('new <file>', 'a fresh Solana keypair in a file that only you may read; never writes over one').action(
    (file: string, flags: { json?: boolean }) =>
      answered(flags, NOTHING_LEFT, async () => (await import('./operator-keys.ts')).newKey(file)),
  );
}

const runners = () => import('./ceremony.ts');

async function finish(run: Promise<number>): Promise<void> {
  process.exitCode = await run;
}
