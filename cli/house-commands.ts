import { type Command, InvalidArgumentError, Option } from 'commander';
import { amountOf } from './amounts.ts';
import { answered, parsedBy } from './command-actions.ts';
import type { Answer } from './command-end.ts';
import { endOnUsage } from './exit-codes.ts';
import type { ChangeName, DelayFlags } from './house-changes.ts';
import type { WithdrawFlags } from './house-money.ts';
import type { HouseFlags } from './house-place.ts';

const EXIT_CODES =
  '\nExit codes: 0 done, or nothing to do, 1 the chain refuses it or something is wrong, 2 bad usage, 75 not yet, or no answer: try again.';
const AMOUNTS = '\nAMOUNT: 1.5 or 1.5SOL are SOL, as in the Solana tools; 1500000000lamports are lamports.';
const DEFAULT_RPC = 'http://127.0.0.1:8899';
const INTERRUPTED = 'the same command goes on where this one ended';

/** `casino house …`: what an operator does with the house on chain. */
export function addHouseCommands(program: Command): void {
  const house = program
    .command('house')
    .description('look at a house and operate it: bankroll, pauses, keys, delays (docs/operating/house.md)')
    .exitOverride(endOnUsage);
  const named = (name: string, description: string) => place(house.command(name).description(description));
  named('show', 'bankroll, exposure, solvency, keys, terms, and what is announced')
    .addHelpText('after', example('casino house show --data ./data --api http://127.0.0.1:8787'))
    .action((flags: HouseFlags) => answer(flags, async () => (await import('./house-show.ts')).show(flags)));
  signed(named('fund <amount>', 'add to the bankroll'))
    .addHelpText('after', `${example('casino house fund 1.5 --keypair ~/.config/solana/id.json')}${AMOUNTS}`)
    .action((amount: string, flags: HouseFlags) => {
      const lamports = parsed(amount);
      return answer(flags, async () => (await import('./house-money.ts')).fund(lamports, flags));
    });
  addWithdraw(named);
  for (const [name, paused, description] of [
    ['pause', true, 'stop new vaults and deposits; bets, settlement, withdrawals and exits go on'],
    ['unpause', false, 'take new vaults and deposits again'],
  ] as const) {
    signed(named(name, description)).action((flags: HouseFlags) =>
      answer(flags, async () => (await import('./house-changes.ts')).pause(paused, flags)),
    );
  }
  addRotations(place, house);
  addChanges(named);
}

function addWithdraw(named: (name: string, description: string) => Command): void {
  signed(named('withdraw [amount]', 'take from the bankroll: ask, wait changeDelaySlots, pay'))
    .option('--all', 'ask for all that the bankroll has now')
    .option('--pay', 'pay what was asked for, if it is due and the rest covers all open bets')
    .option('--cancel', 'withdraw the request')
    .option('--wait', 'wait until it is due and covered, then pay')
    .addHelpText(
      'after',
      `${example('casino house withdraw 10', 'casino house withdraw --pay --wait --api http://127.0.0.1:8787')}${AMOUNTS}`,
    )
    .action((amount: string | undefined, flags: WithdrawFlags) => {
      const lamports = amount === undefined ? undefined : parsed(amount);
      return answer(flags, async () => (await import('./house-money.ts')).withdraw(lamports, flags));
    });
}

function addRotations(withPlace: (command: Command) => Command, house: Command): void {
  const rotate = house
    .command('rotate')
    .description('give the house another key, or other delays; receipt keys are not rotated yet')
    .exitOverride(endOnUsage);
  const named = (name: string, description: string) => signed(withPlace(rotate.command(name).description(description)));
  named('settler', 'a fresh settler key, in force at once; the service has to be started again').action((flags: HouseFlags) =>
    answer(flags, async () => (await import('./house-changes.ts')).rotateSettler(flags)),
  );
  named('authority', 'announce a fresh authority key, to be put into force with: casino house apply authority').action(
    (flags: HouseFlags) => answer(flags, async () => (await import('./house-changes.ts')).rotateAuthority(flags)),
  );
  named('delays', 'announce other delays, to be put into force with: casino house apply delays')
    .requiredOption('--exit-slots <slots>', 'how long the house may take to pay a withdrawal', slots)
    .requiredOption('--change-slots <slots>', 'how long changes and withdrawals of the house wait; at least twice that', slots)
    .action((flags: DelayFlags) => answer(flags, async () => (await import('./house-changes.ts')).changeDelays(flags)));
}

function addChanges(named: (name: string, description: string) => Command): void {
  named('changes', 'what is announced, and when it can be put into force').action((flags: HouseFlags) =>
    answer(flags, async () => (await import('./house-changes.ts')).changes(flags)),
  );
  signed(named('apply <kind>', 'put an announced change into force: authority or delays'))
    .option('--wait', 'wait until it is due')
    .action((kind: string, flags: HouseFlags & { wait?: boolean }) => {
      const name = parsedBy(changeName, kind);
      return answer(flags, async () => (await import('./house-changes.ts')).apply(name, flags));
    });
  signed(named('cancel <kind>', 'withdraw an announced change: authority, delays or receipt-key')).action(
    (kind: string, flags: HouseFlags) => {
      const name = parsedBy(changeName, kind);
      return answer(flags, async () => (await import('./house-changes.ts')).cancelChange(name, flags));
    },
  );
}

/** Options that say which house. */
function place(command: Command): Command {
  return command
    .option('--rpc <url>', "the chain's JSON-RPC address", DEFAULT_RPC)
    .option('--data <directory>', "the service's data directory, with its ledger and keys", './data')
    .option('--house <address>', 'the house, instead of that of the data directory')
    .option('--program <address>', "its program; by default the ledger's, or the local chain's")
    .option('--api <url>', 'the service, which knows what open bets can cost')
    .option('--json', 'print one JSON object; amounts are lamports in decimal strings')
    .addHelpText('after', EXIT_CODES)
    .exitOverride(endOnUsage);
}

/** Options of what is signed. */
function signed(command: Command): Command {
  return command
    .addOption(
      new Option('-k, --keypair <file>', "who signs and pays, a Solana keypair file; by default the data directory's authority"),
    )
    .option('-y, --yes', 'do not ask');
}

const answer = (flags: { json?: boolean }, run: () => Promise<Answer>): Promise<void> => answered(flags, INTERRUPTED, run);

const example = (...lines: string[]): string => `\nExamples:\n${lines.map((line) => `  ${line}`).join('\n')}`;

const parsed = (text: string): bigint => parsedBy(amountOf, text);

function changeName(kind: string): ChangeName {
  if (kind === 'authority' || kind === 'delays' || kind === 'receipt-key') return kind;
  throw new InvalidArgumentError('it is none of authority, delays, receipt-key');
}

function slots(text: string): string {
  if (!/^[1-9][0-9]{0,9}$/.test(text)) throw new InvalidArgumentError('must be a positive whole number of slots');
  return text;
}
