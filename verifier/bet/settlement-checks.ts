import { sha256 } from '@noble/hashes/sha2.js';
import type { Address } from '@solana/kit';
import { accountIdOf, sessionKeyHashOf } from '../../protocol/account.ts';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { blobCid, blobHashOf } from '../../protocol/blob.ts';
import { compareBytes, fieldToHex, toHex } from '../../protocol/bytes.ts';
import { type KeyWeakness, keyWeakness } from '../../protocol/development-keys.ts';
import { type BatchCheck, checkBatch } from '../batch.ts';
import type { CheckedBet } from '../blob-check.ts';
import { type BlobSource, fetchBlob } from '../blob-source.ts';
import type { Divergence, DivergenceCode } from '../divergence.ts';
import { decodeTerms, decodeVerifyingKey, type Vault } from '../layout/accounts.ts';
import { deriveTerms, deriveVerifyingKey } from '../layout/addresses.ts';
import { addressBytes } from '../layout/reader.ts';
import type { ChainRpc } from '../rpc.ts';
import type { BatchOnChain, VaultBefore } from '../settlement.ts';
import { checkSettlement } from '../settlement.ts';
import { HistoryFault } from '../transaction.ts';
import { ownedBy, type VaultAt } from './chain-checks.ts';
import { type BetCheckName, type BetChecks, firstWrong } from './checks.ts';
import { type FileFacts, sideName } from './file-checks.ts';
import { type FoundSettlement, findSettlement } from './find-settlement.ts';

/** Where a bet stands by the finalized chain. */
export type BetSettlement =
  | {
      state: 'settled';
      batchNumber: bigint;
      signature: string;
      slot: bigint;
      blobCid: string;
      /** Why the batch's proof convinces nobody, by its verifying key; undefined if nothing is known against that. */
      keyWeakness: KeyWeakness | undefined;
    }
  | { state: 'pending' }
  | { state: 'voided' };

/** Checks of a settled bet. */
export const SETTLED_CHECKS: readonly BetCheckName[] = [
  'hints',
  'batch',
  'batch-bet',
  'blob',
  'blob-content',
  'blob-bet',
  'session-key',
  'proof',
];

export interface SettlementPlace {
  rpc: ChainRpc;
  blobs: BlobSource | undefined;
  onProgress(message: string): void;
}

/**
 * Finds the batch that settled a bet and checks it whole: transaction, event, blob and proof. Undefined if the node does not have the
 * transaction, or tells it as it can not be.
 */
export async function checkSettled(
  facts: FileFacts,
  { vault, slot: minSlot }: VaultAt,
  place: SettlementPlace,
  checks: BetChecks,
): Promise<BetSettlement | undefined> {
  const { betNumber } = facts.file.bet;
  if (vault.lastBet < betNumber) {
    const { frozen, lastBet } = vault;
    const why = frozen
      ? 'and its owner left by a forced exit: it never will be'
      : `yet: the vault is settled through bet ${lastBet}`;
    checks.skip('settlement', `the bet is not settled, ${why}`);
    checkKeySlots(facts, vault, checks);
    checks.skipRest(SETTLED_CHECKS, 'the bet is not settled');
    return { state: frozen ? 'voided' : 'pending' };
  }
  const found = await locate(facts, { ...place, minSlot }, checks);
  if (!found) return undefined;
  const { event, signature, slot } = found;
  const seen = { batch: `${event.batchNumber}`, transaction: signature, slot: `${slot}` };
  checks.pass('settlement', seen, `settled in batch ${event.batchNumber}`);
  checkHints(facts, found, checks);
  const batch = await readBatch(facts, { found, place }, checks);
  if (batch) {
    const blob = await readBlob(facts, { found, place }, checks);
    checkWhole(facts, { found, batch, blob }, checks);
  }
  checks.skipRest(SETTLED_CHECKS, 'what it rests on is not there');
  const where = { batchNumber: event.batchNumber, signature, slot, blobCid: blobCid(event.blobHash) };
  return { state: 'settled', ...where, keyWeakness: batch && keyWeakness(batch.verifyingKey.key) };
}

async function locate(
  facts: FileFacts,
  place: SettlementPlace & { minSlot: bigint },
  checks: BetChecks,
): Promise<FoundSettlement | undefined> {
  const { program, house, vault, bet, settlement } = facts.file;
  const addresses = { program: program as Address, house: house as Address, vault: vault as Address };
  try {
    const found = await findSettlement({ ...place, ...addresses, betNumber: bet.betNumber }, settlement?.signature);
    // Many nodes keep only the newest transactions: one that lacks it need not be hiding it.
    if (!found)
      checks.skip(
        'settlement',
        'the vault has settled it, in a transaction that this node does not have: ask one that keeps all',
      );
    return found;
  } catch (error) {
    if (!(error instanceof HistoryFault)) throw error;
    checks.fail('settlement', 'node', `transaction ${error.signature}: ${error.message}`);
    return undefined;
  }
}

function checkHints({ file }: FileFacts, { event, signature }: FoundSettlement, checks: BetChecks): void {
  const hint = file.settlement;
  if (!hint) return checks.skip('hints', 'the file names none');
  const cid = blobCid(event.blobHash);
  checks.judge(
    'hints',
    'file',
    firstWrong([
      [hint.batchNumber === event.batchNumber, `the file says batch ${hint.batchNumber}, and it was ${event.batchNumber}`],
      [hint.signature === signature, `the file names transaction ${hint.signature}, and it was ${signature}`],
      [hint.blobCid === cid, `the file names blob ${hint.blobCid}, and it is ${cid}`],
    ]),
    {
      'the file names': `batch ${hint.batchNumber}, transaction ${hint.signature}, blob ${hint.blobCid}`,
      'the chain has': `batch ${event.batchNumber}, transaction ${signature}, blob ${cid}`,
    },
  );
}

/** The batch as the chain has it; undefined, and `batch` failed, where an account of it is not what it must be. */
async function readBatch(
  { file, context }: FileFacts,
  { found, place }: { found: FoundSettlement; place: SettlementPlace },
  checks: BetChecks,
): Promise<BatchOnChain | undefined> {
  const { event, instruction, slot } = found;
  const [program, house] = [file.program as Address, file.house as Address];
  const keyAddress = (await deriveVerifyingKey({ program, house, id: event.verifyingKeyId })).address;
  const termsAddress = (await deriveTerms({ program, house, id: event.termsId })).address;
  const [keyAccount, termsAccount] = (await place.rpc.accounts([keyAddress, termsAddress])).accounts;
  const terms = ownedBy(program, termsAccount, decodeTerms);
  const verifyingKey = ownedBy(program, keyAccount, decodeVerifyingKey);
  if (!terms) checks.fail('batch', 'node', `terms ${event.termsId} are not on chain`);
  else if (!verifyingKey) checks.fail('batch', 'node', `verifying key ${event.verifyingKeyId} is not on chain`);
  if (!terms || !verifyingKey) return undefined;
  const wrong = firstWrong([
    [event.house === house && instruction.house === house, 'the batch is of another house'],
    [instruction.verifyingKey === keyAddress && verifyingKey.house === house, "the verifying key is not the house's"],
    [compareBytes(sha256(verifyingKey.key), verifyingKey.keyHash) === 0, 'the verifying key is not the one of its hash'],
    [instruction.terms === termsAddress && terms.house === house, 'the transaction names other terms than the event'],
  ]);
  if (wrong !== undefined) {
    checks.fail('batch', 'node', wrong);
    return undefined;
  }
  const vaults = new Map<Address, VaultBefore>(
    event.runs.map(({ vault }) => [vault, { accountId: accountIdOf({ domain: context.domain, vault: addressBytes(vault) }) }]),
  );
  return { slot, event, instruction, terms, verifyingKey, vaults };
}

/** The blob from the file or from where blobs are kept, if it is the one that the chain names. */
async function readBlob(
  { file }: FileFacts,
  { found, place }: { found: FoundSettlement; place: SettlementPlace },
  checks: BetChecks,
): Promise<Uint8Array | undefined> {
  const { blobHash } = found.event;
  const embedded = file.settlement?.blob;
  if (embedded) {
    const isIt = compareBytes(blobHashOf(embedded), blobHash) === 0;
    checks.judge('blob', 'file', isIt ? undefined : 'the blob in the file has another hash than the chain names', {
      'hash on chain': toHex(blobHash),
      'hash of the blob': toHex(blobHashOf(embedded)),
    });
    return isIt ? embedded : undefined;
  }
  if (!place.blobs) {
    checks.skip('blob', `none was given: it is ${blobCid(blobHash)}`);
    return undefined;
  }
  const fetched = await fetchBlob(place.blobs, blobHash);
  if ('bytes' in fetched) {
    checks.pass('blob', { 'hash on chain': toHex(blobHash), 'hash of the blob': toHex(blobHashOf(fetched.bytes)) });
    return fetched.bytes;
  }
  if (fetched.missing === 'absent') checks.skip('blob', `${blobCid(blobHash)} is not where blobs were looked for`);
  else checks.fail('blob', 'blobs', `what is kept as ${blobCid(blobHash)} has another hash`);
  return undefined;
}

/** What a divergence of `checkBatch` is one of; of any other code, `batch`. */
const CHECK_OF: Partial<Record<DivergenceCode, BetCheckName>> = {
  'blob-malformed': 'blob-content',
  'blob-header': 'blob-content',
  'blob-run': 'blob-content',
  'blob-outcome': 'blob-content',
  'blob-delta': 'blob-content',
  'head-chain': 'blob-content',
  'session-signature': 'blob-content',
  outcome: 'blob-content',
  stake: 'blob-content',
  'balance-negative': 'blob-content',
  proof: 'proof',
};

function checkWhole(
  facts: FileFacts,
  { found, batch, blob }: { found: FoundSettlement; batch: BatchOnChain; blob: Uint8Array | undefined },
  checks: BetChecks,
): void {
  const { file, context } = facts;
  const whole = blob && checkBatch({ ...batch, house: file.house as Address, domain: context.domain, blob });
  const divergences = whole?.divergences ?? settlementDivergences(batch);
  const wrongIn = (name: BetCheckName) => inWords(divergences.filter(({ code }) => (CHECK_OF[code] ?? 'batch') === name));
  const { event, verifyingKey } = batch;
  const keyHash = toHex(verifyingKey.keyHash);
  checks.judge('batch', 'node', wrongIn('batch'), {
    batch: `${event.batchNumber}`,
    transaction: found.signature,
    'bets in it': `${event.outcomes.length}`,
  });
  checkBatchBet(facts, found, checks);
  if (!whole) return checks.skipRest(SETTLED_CHECKS, 'it takes the blob');
  checks.judge('blob-content', 'house', wrongIn('blob-content'), {
    'bets recomputed': `${whole.runs.reduce((bets, run) => bets + run.bets.length, 0)}`,
    bettors: `${whole.runs.length}`,
  });
  checkBlobBet(facts, { found, runs: whole.runs }, checks);
  const wrongProof = whole.proofVerified ? wrongIn('proof') : (wrongIn('proof') ?? 'the proof could not be checked');
  checks.judge('proof', 'node', wrongProof, { 'verifying key': `number ${event.verifyingKeyId}, SHA-256 ${keyHash}` });
}

function settlementDivergences(batch: BatchOnChain): Divergence[] {
  const divergences: Divergence[] = [];
  checkSettlement(batch, (code, message, more) => divergences.push({ code, message, ...more }));
  return divergences;
}

/** The event's word on the bet against the receipt's. */
function checkBatchBet({ file, receipt }: FileFacts, { event, run }: FoundSettlement, checks: BetChecks): void {
  if (!receipt) return checks.skip('batch-bet', 'there is no receipt');
  const { betNumber } = file.bet;
  const before = event.runs.slice(0, event.runs.indexOf(run)).reduce((rows, { betCount }) => rows + betCount, 0);
  const settled = event.outcomes[before + Number(betNumber - run.firstBet)];
  const settledAs = settled === undefined ? 'nothing' : sideName(settled);
  // Which bet has the number is the receipt's to say; in the file it can have been changed.
  checks.judge(
    'batch-bet',
    receipt.betNumber === betNumber ? 'house' : 'file',
    firstWrong([
      [event.termsId === receipt.termsId, `it was settled under terms ${event.termsId}, and the receipt has ${receipt.termsId}`],
      [settled === receipt.outcome, `it was settled as ${settledAs}, and the receipt says ${sideName(receipt.outcome)}`],
    ]),
    {
      'settled as': `${settledAs}, terms ${event.termsId}`,
      'the receipt says': `${sideName(receipt.outcome)}, terms ${receipt.termsId}`,
    },
  );
}

function checkBlobBet(
  facts: FileFacts,
  { found, runs }: { found: FoundSettlement; runs: BatchCheck['runs'] },
  checks: BetChecks,
): void {
  const { file, receipt } = facts;
  const { betNumber, sessionKey } = file.bet;
  const run = runs.find(({ vault }) => vault === found.run.vault);
  const bet = run?.bets[Number(betNumber - found.run.firstBet)];
  if (!receipt) return checks.skip('blob-bet', 'there is no receipt');
  if (!run || !bet) return checks.skip('blob-bet', 'the blob does not tell the bets of this vault');
  const isItsNumber = receipt.betNumber === betNumber;
  const valuesOf = (head: bigint, serverSeed: bigint, delta: bigint) =>
    `head ${fieldToHex(head)}, seed ${fieldToHex(serverSeed)}, balance ${delta < 0n ? '' : '+'}${delta}`;
  checks.judge('blob-bet', isItsNumber ? 'house' : 'file', differenceOf(bet, facts), {
    'the blob has': valuesOf(bet.head, bet.serverSeed, bet.delta),
    'the receipt says': valuesOf(receipt.head, receipt.serverSeed, receipt.payout - receipt.stake),
  });
  const isKey = run.sessionKeyHash === keyHashOf(sessionKey);
  checks.judge('session-key', 'file', isKey ? undefined : 'the bet was settled with another session key than the file has', {
    'settled with key hash': fieldToHex(run.sessionKeyHash),
    'session key in the file': toHex(sessionKey),
  });
}

function differenceOf(bet: CheckedBet, { receipt }: FileFacts): string | undefined {
  if (!receipt) return undefined;
  return firstWrong([
    [bet.head === receipt.head, 'another bet was settled under this number'],
    [bet.serverSeed === receipt.serverSeed, 'the blob has another server seed than the receipt'],
    [bet.outcome === receipt.outcome, 'the blob has another outcome than the receipt'],
    [
      bet.delta === receipt.payout - receipt.stake,
      `the bet changed the balance by ${bet.delta}, and the receipt says ${receipt.payout - receipt.stake}`,
    ],
  ]);
}

/** Of an unsettled bet: one of the vault's two slots has its key, or will never settle it. */
function checkKeySlots({ file }: FileFacts, vault: Vault, checks: BetChecks): void {
  const hash = keyHashOf(file.bet.sessionKey);
  if (hash !== undefined && vault.keys.some((key) => key.hash === hash)) checks.pass('session-key');
  else checks.skip('session-key', 'the vault has another key by now');
}

function keyHashOf(sessionKey: Uint8Array): bigint | undefined {
  try {
    return sessionKeyHashOf(pointFromBytes(sessionKey));
  } catch {
    return undefined;
  }
}

function inWords(divergences: readonly Divergence[]): string | undefined {
  const [first] = divergences;
  if (!first) return undefined;
  const { message, expected, found } = first;
  const values = expected === undefined && found === undefined ? '' : ` (expected ${expected ?? '-'}, found ${found ?? '-'})`;
  const more = divergences.length > 1 ? `, and ${divergences.length - 1} more` : '';
  return `${message}${values}${more}`;
}
