import { type Command, InvalidArgumentError } from 'commander';
import { endOnUsage } from './exit-codes.ts';
import type { ExplorerFlags } from './explorer.ts';
import { DEFAULT_EXPLORER_PORT } from './flags.ts';

const HELP = `
Examples:
  casino explorer --api http://127.0.0.1:8787 --rpc http://127.0.0.1:8899
  casino explorer --api https://api.example.org --rpc https://rpc.example.org --host 0.0.0.0 --port 80

The reader's browser asks API and node, not this server: both have to be addresses that it reaches.

Exit codes: 0 stopped by Ctrl-C, 2 bad usage or the port can not be had.`;

/** `casino explorer`: serves the explorer's pages for a house that runs elsewhere. */
export function addExplorerCommands(program: Command): void {
  program
    .command('explorer')
    .description('serve the explorer: bets and batches as they happen, in a browser')
    .requiredOption('--api <url>', "the sequencer's API, as the reader's browser reaches it", httpAddress)
    .requiredOption('--rpc <url>', "a node's JSON-RPC, as the reader's browser reaches it", httpAddress)
    .option('--port <port>', 'port to serve on', portNumber, DEFAULT_EXPLORER_PORT)
    .option('--host <address>', 'address to serve on', '127.0.0.1')
    .addHelpText('after', HELP)
    .exitOverride(endOnUsage)
    .action(async (flags: ExplorerFlags) => {
      process.exitCode = await (await import('./explorer.ts')).runExplorer(flags);
    });
}

function httpAddress(text: string): string {
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) {
    throw new InvalidArgumentError('must be an address that begins with http:// or https://');
  }
  return text;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535) throw new InvalidArgumentError('must be a port, 0 for any that is free');
  return port;
}
