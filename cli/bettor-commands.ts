import { type Command, InvalidArgumentError } from 'commander';
import { amountOf } from './amounts.ts';
import type { BetFlags } from './bettor.ts';
import { type BettorFlags, DEFAULT_KEYPAIR, DEFAULT_STORE } from './bettor-place.ts';
import { answered, parsedBy } from './command-actions.ts';
import { endOnUsage } from './exit-codes.ts';
import { positiveWhole } from './flags.ts';

const EXIT_CODES =
  '\nExit codes: 0 done, 1 refused, or something does not hold, 2 bad usage, 75 no answer, or not yet: the same command goes on.';
const AMOUNTS =
  '\nAMOUNT: 0.05 or 0.05SOL are SOL, as in the Solana tools; 50000000lamports are lamports. Stakes are multiples of 10000 lamports.';
const HINT = 'nothing is lost: the same command goes on';

/** `casino bet` and `casino bettor …`: what a bettor does. */
export function addBettorCommands(program: Command): void {
  addBet(program);
  const bettor = program
    .command('bettor')
    .description("a bettor's money and bets: deposit, bet, withdraw, exit, balance, history")
    .exitOverride(endOnUsage);
  const named = (name: string, description: string) => place(bettor.command(name).description(description));
  addBet(bettor);
  named('deposit <amount>', 'pay into your vault, which is opened if need be')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', AMOUNTS)
    .action((amount: string, flags: BettorFlags) => {
      const lamports = parsedBy(amountOf, amount);
      return answered(flags, HINT, async () => (await import('./bettor.ts')).deposit(lamports, flags));
    });
  named('balance', 'what you can bet with, by the service and by the chain').action((flags: BettorFlags) =>
    answered(flags, HINT, async () => (await import('./bettor.ts')).balance(flags)),
  );
  named('history', 'your newest bets, by the receipts in your store')
    .option('--limit <count>', 'at most so many', positiveWhole(6), 20)
    .action((flags: BettorFlags & { limit: number }) =>
      answered(flags, HINT, async () => (await import('./bettor.ts')).history(flags)),
    );
  named('withdraw <amount>', 'an amount, or `all`: ask the house, wait for its payment, claim it')
    .option('-y, --yes', 'do not ask')
    .addHelpText('after', AMOUNTS)
    .action((amount: string, flags: BettorFlags) => {
      const wish = amount === 'all' ? amount : parsedBy(amountOf, amount);
      return answered(flags, HINT, async () => (await import('./bettor-exits.ts')).withdraw(wish, flags));
    });
  named('exit', 'all of your money, whatever the house does; closes your vault for ever if the house does not pay')
    .option('-y, --yes', 'do not ask')
    .action((flags: BettorFlags) => answered(flags, HINT, async () => (await import('./bettor-exits.ts')).exit(flags)));
  named('airdrop <amount>', 'lamports for your wallet from a chain that gives them away: a local one, devnet')
    .addHelpText('after', AMOUNTS)
    .action((amount: string, flags: BettorFlags) => {
      const lamports = parsedBy(amountOf, amount);
      return answered(flags, HINT, async () => (await import('./bettor.ts')).airdrop(lamports, flags));
    });
}

function addBet(under: Command): void {
  place(under.command('bet <amount> <side>').description('bet on heads or tails, and see the flip, checked, and its receipt'))
    .option('--deposit <amount>', 'pay so much in first if the balance does not do; opens your vault')
    .option('--count <times>', 'the same bet so often', positiveWhole(6), 1)
    .option('--wait', 'until each bet is settled on chain')
    .addHelpText('after', '\nExamples:\n  casino bet 0.05 heads --deposit 1\n  casino bet 0.05 tails --count 10 --wait --json')
    .addHelpText('after', AMOUNTS)
    .action((amount: string, text: string, flags: BetFlags) => {
      const stake = parsedBy(stakeOf, amount);
      const side = parsedBy(sideOf, text);
      if (flags.deposit !== undefined) parsedBy(amountOf, flags.deposit);
      return answered(flags, HINT, async () => (await import('./bettor.ts')).bet({ amount: stake, side }, flags));
    });
}

function place(command: Command): Command {
  return command
    .option('--api <url>', 'the service', 'http://127.0.0.1:8787')
    .option('--rpc <url>', 'a Solana node that you trust', 'http://127.0.0.1:8899')
    .option('-k, --keypair <file>', 'your wallet, a Solana keypair file', DEFAULT_KEYPAIR)
    .option('--store <directory>', 'your receipts and what you have signed: never lose it', DEFAULT_STORE)
    .option('--house <address>', 'the house that you mean; without it the service says which it is')
    .option('--program <address>', 'its program')
    .option('--json', 'print one JSON object; amounts are lamports in decimal strings')
    .addHelpText('after', EXIT_CODES)
    .exitOverride(endOnUsage);
}

function stakeOf(text: string): bigint {
  const amount = amountOf(text);
  if (amount % 10_000n !== 0n) throw new InvalidArgumentError('a stake is a multiple of 10000 lamports (0.00001 SOL)');
  return amount;
}

function sideOf(text: string): 'heads' | 'tails' {
  if (text === 'heads' || text === 'tails') return text;
  throw new InvalidArgumentError('a coin has heads and tails');
}
