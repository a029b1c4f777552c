import type { Address } from '@solana/kit';
import type { BatchSettled, CasinoEvent } from '../../program/client/index.ts';
import type { Receipt } from '../../protocol/messages.ts';

/** A vault as its owner, the chain and the ledger each know it. Amounts in base units. */
export interface CheckedVault {
  address: Address;
  /** Every receipt that the client holds, by bet number. */
  receipts: ReadonlyMap<bigint, Receipt & { signature: Uint8Array }>;
  /** The finalized account. */
  chain: { balance: bigint; pendingDeposit: bigint; claimable: bigint; lastBet: bigint };
  /** Receipt signatures of the bets that the ledger holds, by bet number: they cover every other field. */
  ledger: ReadonlyMap<bigint, Uint8Array>;
}

export interface Verdict {
  acked: number;
  /** Bets with a receipt that the chain has not settled, or that the ledger lacks. */
  lost: string[];
  /** Bets that the chain has settled more than once. */
  duplicated: string[];
  /** Everything else in which chain, ledger and receipts differ. */
  discrepancies: string[];
}

/** A bet as one settled batch names it. */
interface SettledBet {
  times: number;
  outcome: 0 | 1;
}

/**
 * Holds the receipts of all clients against the house's whole history on the finalized chain, and against the ledger. What was
 * settled is the program's word (`BatchSettled`), never the service's.
 */
export function checkReceipts(input: { vaults: readonly CheckedVault[]; events: readonly CasinoEvent[] }): Verdict {
  const verdict: Verdict = { acked: 0, lost: [], duplicated: [], discrepancies: [] };
  const batches = input.events.filter((event) => event.name === 'BatchSettled');
  for (const [index, { batchNumber }] of batches.entries()) {
    if (batchNumber !== BigInt(index + 1)) verdict.discrepancies.push(`batch ${batchNumber} is settled as number ${index + 1}`);
  }
  const settled = settledBets(batches);
  for (const vault of input.vaults) {
    checkVault(vault, settled.get(vault.address) ?? new Map(), verdict);
    checkRuns(vault, batches, verdict);
    checkMoney(vault, input.events, verdict);
  }
  return verdict;
}

function settledBets(batches: readonly BatchSettled[]): Map<Address, Map<bigint, SettledBet>> {
  const vaults = new Map<Address, Map<bigint, SettledBet>>();
  for (const { runs, outcomes } of batches) {
    let row = 0;
    for (const { vault, firstBet, betCount } of runs) {
      const bets = vaults.get(vault) ?? new Map<bigint, SettledBet>();
      vaults.set(vault, bets);
      for (let offset = 0; offset < betCount; offset += 1, row += 1) {
        const betNumber = firstBet + BigInt(offset);
        bets.set(betNumber, { times: (bets.get(betNumber)?.times ?? 0) + 1, outcome: outcomes[row] as 0 | 1 });
      }
    }
  }
  return vaults;
}

function checkVault(vault: CheckedVault, settled: ReadonlyMap<bigint, SettledBet>, verdict: Verdict): void {
  for (const [betNumber, { times }] of settled) {
    if (times > 1) verdict.duplicated.push(`bet ${betNumber} of ${vault.address} is settled ${times} times`);
    if (!vault.receipts.has(betNumber)) {
      verdict.discrepancies.push(`bet ${betNumber} of ${vault.address} is settled, and its bettor has no receipt`);
    }
  }
  for (const [betNumber, receipt] of vault.receipts) {
    verdict.acked += 1;
    const subject = `bet ${betNumber} of ${vault.address}`;
    const bet = settled.get(betNumber);
    if (!bet) verdict.lost.push(`${subject} is not settled on chain`);
    else if (bet.outcome !== receipt.outcome) verdict.discrepancies.push(`${subject} is settled with the other outcome`);
    const stored = vault.ledger.get(betNumber);
    if (!stored) verdict.lost.push(`${subject} is not in the ledger`);
    else if (!Buffer.from(stored).equals(receipt.signature)) {
      verdict.discrepancies.push(`${subject} has another receipt in the ledger`);
    }
  }
}

const deltaOf = ({ payout, stake }: Receipt): bigint => payout - stake;

/** Each run on chain pays what the receipts of its bets say. */
function checkRuns(vault: CheckedVault, batches: readonly BatchSettled[], verdict: Verdict): void {
  for (const { batchNumber, runs } of batches) {
    for (const run of runs.filter((one) => one.vault === vault.address)) {
      let after = run.start;
      for (let offset = 0; offset < run.betCount; offset += 1) {
        const receipt = vault.receipts.get(run.firstBet + BigInt(offset));
        if (receipt) after += deltaOf(receipt);
      }
      if (after === run.after) continue;
      verdict.discrepancies.push(
        `batch ${batchNumber} leaves ${vault.address} with ${run.after}, by the receipts it has ${after}`,
      );
    }
  }
}

/** What the vault holds on chain is what was paid in, less what was paid out, and the deltas of all receipts. */
function checkMoney(vault: CheckedVault, events: readonly CasinoEvent[], verdict: Verdict): void {
  const { address, chain, receipts } = vault;
  let [held, owed] = [0n, 0n];
  for (const event of events) {
    if (event.name === 'Deposited' && event.vault === address) held += event.amount;
    if (event.name === 'Claimed' && event.vault === address) owed -= event.amount;
    const paid = paidTo(address, event);
    held -= paid;
    owed += paid;
  }
  for (const receipt of receipts.values()) held += deltaOf(receipt);
  const found = chain.balance + chain.pendingDeposit;
  if (found !== held) verdict.discrepancies.push(`${address} holds ${found}, by receipts and transfers ${held}`);
  if (chain.claimable !== owed) verdict.discrepancies.push(`${address} can claim ${chain.claimable}, it was paid ${owed}`);
}

function paidTo(vault: Address, event: CasinoEvent): bigint {
  const parts = event.name === 'BatchSettled' ? event.runs : event.name === 'TransfersSettled' ? event.transfers : [];
  return parts.filter((part) => part.vault === vault).reduce((sum, part) => sum + part.paid, 0n);
}
