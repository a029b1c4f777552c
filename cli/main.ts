import { commandLine } from './command-line.ts';

/** What somebody needs first. */
const OVERVIEW = `ZK Casino: provably fair bets, settled on Solana with Groth16 proofs.

  casino demo      watch bettors bet on a local chain, and their bets proven and settled
  casino start     run the service: on a local chain, or on the chain of casino.toml
  casino init      prepare a house of your own: keys, settings, the house on chain
  casino doctor    look for everything that an operator gets wrong
  casino verify    check somebody's house, or a bet, from public data alone

\`casino --help\` lists all commands, \`casino COMMAND --help\` explains one. docs/ has the rest.
`;

/** Runs one command of the command line; its exit code is the process's. */
export async function runCommand(args: readonly string[]): Promise<void> {
  if (args.length === 0) process.stdout.write(OVERVIEW);
  else await commandLine().parseAsync(args, { from: 'user' });
}
