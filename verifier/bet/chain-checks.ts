import type { Address } from '@solana/kit';
import { payoutOf } from '../../protocol/bet.ts';
import { readHistory } from '../history.ts';
import { decodeHouse, decodeTerms, decodeVault, type House, type Vault } from '../layout/accounts.ts';
import { deriveHouse, deriveTerms } from '../layout/addresses.ts';
import { CHANGE_RECEIPT_KEY, NATIVE_MINT } from '../layout/constants.ts';
import { addressOf } from '../layout/reader.ts';
import type { ChainRpc, RawAccount } from '../rpc.ts';
import { HistoryFault } from '../transaction.ts';
import { type BetChecks, firstWrong } from './checks.ts';
import type { FileFacts } from './file-checks.ts';

/** A vault as a finalized slot shows it. */
export interface VaultAt {
  vault: Vault;
  slot: bigint;
}

export interface ChainPlace {
  rpc: ChainRpc;
  /** The house that is meant; without it, the file decides which house this is. */
  house: string | undefined;
  onProgress(message: string): void;
}

/**
 * Holds a receipt file against the chain's accounts: house, receipt key, vault, terms. Resolves to the vault and the slot that shows it, or
 * to undefined where house or vault are not what the file says: nothing more can be compared then. Rejects with a `VerifierError` if the
 * node does not answer.
 */
export async function checkAccounts(facts: FileFacts, place: ChainPlace, checks: BetChecks): Promise<VaultAt | undefined> {
  const { file, receipt } = facts;
  const { rpc } = place;
  const program = file.program as Address;
  const genesisHash = await rpc.genesisHash();
  const isThis = genesisHash === file.genesisHash;
  checks.judge('chain', 'file', isThis ? undefined : `the receipt is of chain ${file.genesisHash}, the node of ${genesisHash}`, {
    "the node's genesis": genesisHash,
    'the file names': file.genesisHash,
  });
  if (!isThis) return undefined;
  const termsId = receipt?.termsId ?? file.bet.termsId;
  const termsAddress = (await deriveTerms({ program, house: file.house as Address, id: termsId })).address;
  const addresses = [file.house as Address, file.vault as Address, termsAddress];
  const { slot, accounts } = await rpc.accounts(addresses);
  const [houseAccount, vaultAccount, termsAccount] = accounts;
  const house = await checkHouse({ account: houseAccount, facts, meant: place.house }, checks);
  if (!house) return undefined;
  await checkKeys({ house, facts, place }, checks);
  const vault = checkVault({ account: vaultAccount, facts }, checks);
  checkTerms({ account: termsAccount, facts, termsId }, checks);
  return vault && { vault, slot };
}

async function checkHouse(
  input: { account: RawAccount | undefined; facts: FileFacts; meant: string | undefined },
  checks: BetChecks,
): Promise<House | undefined> {
  const { file, context } = input.facts;
  const fail = (wrong: string): undefined => {
    checks.fail('house', 'file', wrong);
    return undefined;
  };
  if (input.meant !== undefined && input.meant !== file.house) return fail(`the receipt is of house ${file.house}`);
  const house = ownedBy(file.program, input.account, decodeHouse);
  if (!house) return fail(`${file.house} is no house of program ${file.program}`);
  const { creator, mint, domain } = house;
  const { address } = await deriveHouse({ program: file.program as Address, creator, mint });
  const wrong = firstWrong([
    [address === file.house, 'the house is not at the address of its creator and mint'],
    [domain === context.domain, 'the house was made for another chain'],
  ]);
  if (wrong !== undefined) return fail(wrong);
  checks.pass('house', { 'house address': address, program: file.program });
  return house;
}

async function checkKeys(input: { house: House; facts: FileFacts; place: ChainPlace }, checks: BetChecks): Promise<void> {
  const { house, facts, place } = input;
  const { receipt, seed } = facts.file;
  const known = new Set<string>([house.receiptKey]);
  if (house.previousReceiptKey !== NATIVE_MINT) known.add(house.previousReceiptKey);
  const unknown = [receipt.key, seed.commitment.key].filter((key) => !known.has(key));
  const compared = {
    'keys that signed': [...new Set([receipt.key, seed.commitment.key])].join(', '),
    "the house's key": house.receiptKey,
  };
  if (unknown.length === 0) return checks.pass('receipt-key', compared);
  // The house's whole history is read for a key alone that did sign: a changed byte of the file does not cost that.
  if (!checks.passed('receipt-signature', 'seed-commitment')) {
    return checks.fail('receipt-key', 'file', `${unknown[0]} is not the house's receipt key, nor the one before it`, compared);
  }
  place.onProgress("looking for the key among the house's earlier ones");
  try {
    for await (const key of earlierKeys(facts, place.rpc)) known.add(key);
  } catch (error) {
    if (!(error instanceof HistoryFault)) throw error;
    return checks.fail('receipt-key', 'node', `the house's history can not be read: ${error.message}`);
  }
  const never = unknown.find((key) => !known.has(key));
  checks.judge(
    'receipt-key',
    'file',
    never === undefined ? undefined : `${never} has never been the house's receipt key`,
    compared,
  );
}

/** Every receipt key that the house has ever had, by what its program was told: events can be cut off a log, by the house too. */
async function* earlierKeys({ file }: FileFacts, rpc: ChainRpc): AsyncGenerator<string> {
  const history = readHistory({ rpc, program: file.program as Address, house: file.house as Address });
  let announced: Address | undefined;
  for await (const { frames } of history) {
    for (const { instruction } of frames) {
      if (instruction.name === 'init_house') yield instruction.receiptKey;
      else if (!('kind' in instruction) || instruction.kind !== CHANGE_RECEIPT_KEY) continue;
      else if (instruction.name === 'schedule_change') announced = addressOf(instruction.value);
      else if (announced !== undefined) yield announced;
    }
  }
}

function checkVault(input: { account: RawAccount | undefined; facts: FileFacts }, checks: BetChecks): Vault | undefined {
  const { file, accountId } = input.facts;
  const vault = ownedBy(file.program, input.account, decodeVault);
  if (!vault) {
    checks.fail('vault', 'file', `there is no vault ${file.vault} on chain`);
    return undefined;
  }
  const wrong = firstWrong([
    [vault.owner === file.owner, `the vault belongs to ${vault.owner}`],
    [vault.house === file.house, `the vault is one of house ${vault.house}`],
    [vault.accountId === accountId, "the vault's accountId is not that of its address"],
  ]);
  checks.judge('vault', 'file', wrong, { 'owner on chain': vault.owner, 'owner in the file': file.owner });
  return wrong === undefined ? vault : undefined;
}

function checkTerms(input: { account: RawAccount | undefined; facts: FileFacts; termsId: number }, checks: BetChecks): void {
  const { facts, termsId } = input;
  const { file, receipt } = facts;
  if (!receipt) return checks.skip('terms', 'there is no receipt');
  const terms = ownedBy(file.program, input.account, decodeTerms);
  const isTheirs = terms?.id === termsId && terms.house === file.house;
  // They may be newer than what the node shows: that there are none proves nothing.
  if (!isTheirs) return checks.fail('terms', 'file', `the house has no terms ${termsId} on chain, as this node shows it`);
  const { stakeUnits, choice } = file.bet;
  const payout = payoutOf({ stakeUnits, won: receipt.outcome === choice, profitBps: terms.profitBps });
  const wrong = `stake, odds and outcome give a payout of ${payout}, and the receipt has ${receipt.payout}`;
  checks.judge('terms', checks.passed('head') ? 'house' : 'file', receipt.payout === payout ? undefined : wrong, {
    'stake, odds and outcome give': `${payout}`,
    'the receipt has': `${receipt.payout}`,
    'profit on a win': `${terms.profitBps / 100} % of the stake`,
  });
}

/** An account of the program, decoded; undefined if it is missing, another's or of another layout. */
export function ownedBy<T>(program: string, account: RawAccount | undefined, decode: (data: Uint8Array) => T): T | undefined {
  if (account?.owner !== program) return undefined;
  try {
    return decode(account.data);
  } catch {
    return undefined;
  }
}
