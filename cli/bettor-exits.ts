import { address } from '@solana/kit';
import { ExitClient } from '../client/exit-client.ts';
import { money } from './amounts.ts';
import { houseOf } from './bettor.ts';
import { type BettorFlags, walletOf, withBettor } from './bettor-place.ts';
import { type Answer, EndEarly } from './command-end.ts';
import { confirmed } from './confirm.ts';
import { EXIT_FINDING } from './exit-codes.ts';
import { dueIn } from './house-slots.ts';
import { rpcAt } from './reconcile.ts';

/** For each step but the wait for a deadline. */
const STEP_TIMEOUT_MS = 300_000;
const NOTHING_DONE: Answer = { code: 0, words: 'nothing was done', json: { done: false } };

const told = (stage: string) => void process.stderr.write(`… ${stage}\n`);

/** `casino bettor withdraw`: what an interrupted run has asked for or been paid is finished first. */
export function withdraw(amount: bigint | 'all', flags: BettorFlags): Promise<Answer> {
  return withBettor(flags, async ({ client }) => {
    const vault = await client.vault('confirmed');
    if (!vault) throw new EndEarly(EXIT_FINDING, 'your wallet has no vault in this house');
    const wishes = { timeoutMs: STEP_TIMEOUT_MS, onProgress: told };
    if (vault.claimable > 0n && vault.requestAmount === 0n) {
      const { amount: claimed, signature } = await client.claim(wishes);
      const words = `an earlier withdrawal was paid: ${money(claimed)} are in your wallet now; run it again to take more`;
      return { code: 0, words, json: { done: true, amount: claimed, signature: signature ?? null, resumed: true } };
    }
    const resumed = vault.requestAmount > 0n;
    const what = amount === 'all' ? 'all that the vault holds' : money(amount);
    const question = resumed
      ? 'A withdrawal is open already: wait for it, and claim it'
      : `Withdraw ${what} into ${client.owner}; bets wait until it is paid`;
    if (!(await confirmed(question, flags))) return NOTHING_DONE;
    const { amount: claimed, signature } = await client.withdraw(amount, wishes);
    const words = `${money(claimed)} are in your wallet now${signature ? `, final: ${signature}` : ''}`;
    return { code: 0, words, json: { done: true, amount: claimed, signature: signature ?? null, resumed } };
  });
}

/** `casino bettor exit`: all of the money, with the chain alone. With `--house` the service is not asked for anything. */
export async function exit(flags: BettorFlags): Promise<Answer> {
  const wallet = await walletOf(flags);
  const { house, program } = await houseOf(flags);
  rpcAt(flags.rpc);
  const client = await ExitClient.connect({ rpcUrl: flags.rpc, house: address(house), program: address(program), wallet });
  const vault = await client.vault('confirmed');
  if (!vault) throw new EndEarly(EXIT_FINDING, `${wallet.address} has no vault in house ${house}`);
  const question = [
    `Leave house ${house} with all that the vault holds: ${money(vault.balance + vault.pendingDeposit + vault.claimable)}`,
    '  the house is asked to pay; if it has not by its deadline, the vault is closed FOR EVER and its unsettled bets are void',
  ].join('\n');
  if (!(await confirmed(question, flags))) return NOTHING_DONE;
  const timeoutMs = STEP_TIMEOUT_MS;
  if (!vault.frozen && vault.requestAmount === 0n) await client.requestWithdrawal('all', { timeoutMs, onProgress: told });
  const asked = await client.vault('confirmed');
  if (asked && asked.requestAmount > 0n) {
    const slot = await rpcAt(flags.rpc).getSlot({ commitment: 'confirmed' }).send();
    process.stderr.write(
      `… the house may pay through ${dueIn(asked.requestDeadline, slot)}; Ctrl-C, and the same command, go on waiting\n`,
    );
  }
  const { exited, amount, signature } = await client.exit({ timeoutMs, onProgress: told });
  const way = exited ? 'by force: the vault is closed' : 'the house has paid; the vault stays open';
  const words = `${money(amount)} are in your wallet now (${way})`;
  return { code: 0, words, json: { done: true, exited, amount, signature: signature ?? null } };
}
