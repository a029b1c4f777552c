import type { BetCheckName, Blame } from '../../../../verifier/bet/checks.ts';
import type { BetVerdict } from '../../../../verifier/bet/verify-bet.ts';
import type { Failure } from './messages.ts';

/** What each check asks, and what its answer is good for, in the words of somebody who has bet. */
export const EXPLANATIONS: Record<BetCheckName, { title: string; why: string }> = {
  'vault-address': {
    title: 'The vault is the bettor’s',
    why: 'A vault’s address follows from its owner and the house, so nobody can pass off another’s bet as this owner’s.',
  },
  'receipt-message': { title: 'The receipt is whole', why: 'Its bytes are those of a receipt, with nothing added or missing.' },
  'receipt-place': {
    title: 'The receipt is of this chain, house and vault',
    why: 'A receipt from a test chain, or of another house, is worth nothing here.',
  },
  'receipt-signature': {
    title: 'The receipt is signed',
    why: 'The house signed that it took this bet, with its outcome and what it pays. It can not take that back.',
  },
  head: {
    title: 'The receipt is of exactly this bet',
    why: 'Every bet is chained to all bets before it. A bet that was changed, skipped or reordered would lead to another value.',
  },
  'receipt-bet': {
    title: 'The receipt names the bet as it was made',
    why: 'Its number, its terms and its stake are those that were signed.',
  },
  'session-signature': {
    title: 'The bettor signed the bet',
    why: 'Without the bettor’s signature the house could have made the bet up, or changed the side.',
  },
  'seed-commitment': {
    title: 'The house committed to its seeds before the bet',
    why: 'Before this bet was made, the house had signed a fingerprint of all seeds of its range. From then on it could not pick another.',
  },
  'seed-path': {
    title: 'The revealed seed is the one committed to',
    why: 'The seed that decided this bet lies under that fingerprint, at this bet’s place.',
  },
  outcome: {
    title: 'Seed and bet give this outcome',
    why: 'Recomputed here: the house’s seed and the bettor’s signed bet together decide the coin, and neither alone.',
  },
  chain: { title: 'The node is of the same chain', why: 'What follows is asked of a node of the chain that the receipt names.' },
  house: { title: 'The house is on chain', why: 'The account is a house of this program, at its own address.' },
  'receipt-key': {
    title: 'The signature is the house’s',
    why: 'The key that signed is the one that the house registered on chain, or an earlier one of its history.',
  },
  vault: { title: 'The vault is on chain', why: 'It belongs to this owner, in this house.' },
  terms: {
    title: 'The payout follows from the odds',
    why: 'Stake and outcome under the odds that the chain holds give the payout in the receipt.',
  },
  settlement: {
    title: 'The bet is settled on chain',
    why: 'A finalized transaction has moved the money. The house can not undo it.',
  },
  hints: {
    title: 'The file names the right settlement',
    why: 'Batch, transaction and blob that the file mentions are the ones found on chain.',
  },
  batch: {
    title: 'Transaction, event and accounts agree',
    why: 'What was signed, what the program recorded and what the chain holds tell one story.',
  },
  'batch-bet': {
    title: 'It was settled with the receipt’s outcome',
    why: 'The chain paid by the same outcome that the house had promised in the receipt.',
  },
  blob: {
    title: 'The published bets are those that the chain names',
    why: 'The batch’s list of bets is public, and its fingerprint is on chain: whoever sends it can not change it.',
  },
  'blob-content': {
    title: 'Every bet of the batch adds up',
    why: 'Each of them recomputed here: signed by its bettor, chained, with its own outcome and balance.',
  },
  'blob-bet': {
    title: 'This very bet is among them',
    why: 'With the same seed and outcome, and the change of balance that the receipt promises.',
  },
  'session-key': {
    title: 'It was settled with the bettor’s key',
    why: 'The key that signed the bet is the one that the vault had.',
  },
  proof: {
    title: 'The zero-knowledge proof holds',
    why: 'The proof in the transaction, checked here under the key on chain: every outcome of the batch is what the rules give.',
  },
};

/** Whom a failed check speaks against. */
export const BLAMED: Record<Blame, { name: string; advice: string }> = {
  file: {
    name: 'the receipt file',
    advice:
      'It was changed, or is not of this bet. Get it anew, from your own client first. This says nothing against the house.',
  },
  house: {
    name: 'the house',
    advice: 'What it signed contradicts itself, or the chain. Keep the file, and check it again through another node.',
  },
  node: {
    name: 'the node',
    advice: 'It tells a story that the program would not have let happen. Ask a node of another operator, under “Sources”.',
  },
  blobs: {
    name: 'the place of the blobs',
    advice: 'It sent something else than what the chain names. Ask another place, under “Sources”.',
  },
};

/** What all checks come to. */
export const VERDICTS: Record<BetVerdict, { title: string; text: string; tone: 'good' | 'waiting' | 'unknown' | 'bad' }> = {
  settled: {
    title: 'Everything holds',
    text: 'The bet was played as it was signed, and settled on chain as the receipt says.',
    tone: 'good',
  },
  voided: {
    title: 'Everything that can be checked holds',
    text: 'The owner left by a forced exit before the bet was settled: it is void, win or loss.',
    tone: 'good',
  },
  pending: {
    title: 'Good so far, and not settled yet',
    text: 'Everything that can be checked now holds. Check again once the batch is final on chain.',
    tone: 'waiting',
  },
  incomplete: {
    title: 'Nothing is wrong, and something could not be checked',
    text: 'See below what was left out: a node that keeps all of the history, or the blob. Other sources may have it.',
    tone: 'unknown',
  },
  invalid: {
    title: 'Something does not hold',
    text: 'It proves nothing against the house: see whom the failed check speaks against, and try what it says there.',
    tone: 'bad',
  },
  fraud: {
    title: 'The house contradicts itself',
    text: 'What it signed does not agree with itself, or with what it settled. Keep the receipt file as it is, with a copy elsewhere. Check it again with a node of another operator; if that says the same, publish both.',
    tone: 'bad',
  },
};

const FAILURES: Record<string, { title: string; advice: string }> = {
  RPC_UNREACHABLE: {
    title: 'The node of the chain does not answer',
    advice:
      'It may be down, may not allow pages to ask it (CORS), or may not keep enough of the history. Try again, or name another node under “Sources”.',
  },
  BLOBS_UNREACHABLE: {
    title: 'The place of the blobs does not answer',
    advice:
      'It may be down, or may not allow pages to ask it (CORS). Try again, or name another place under “Sources”: any IPFS gateway will do.',
  },
  BAD_USAGE: { title: 'These sources do not fit', advice: 'Look at the addresses under “Sources”.' },
  CHECKPOINT_INVALID: {
    title: 'What was kept of the last run can not be used',
    advice: 'Start over from the house’s first transaction.',
  },
  INTERRUPTED: { title: 'Stopped', advice: 'Nothing is wrong. It goes on from where it was kept.' },
  NOT_JSON: {
    title: 'This is no receipt file',
    advice: 'A receipt file is one JSON object, as the play page or the service gives it.',
  },
  TOO_LARGE: { title: 'This is no receipt file', advice: 'It is far larger than one can be.' },
  UNKNOWN_FORMAT: { title: 'This is no receipt file', advice: 'It is JSON, and of another kind.' },
  UNKNOWN_VERSION: { title: 'The receipt file is of another version', advice: 'Use the verifier of a later version.' },
  RECEIPT_UNREACHABLE: {
    title: 'The service does not send the receipt',
    advice: 'Try again, or drop a receipt file that you kept: it needs no service.',
  },
};

const FILE_CODES = new Set(['BAD_FIELD', 'UNKNOWN_FIELD', 'NOT_CANONICAL']);

/** Why there is no result, and what to do: never a word against the house, which was not looked at. */
export function explainFailure({ code, message }: Failure): { title: string; message: string; advice: string } {
  if (typeof crypto.subtle === 'undefined') {
    const advice = 'Open the page by https, or on the machine itself by http://127.0.0.1.';
    return { title: 'This page is not in a secure context', message: 'Browsers hash and sign there alone.', advice };
  }
  if (FILE_CODES.has(code)) {
    return { title: 'The receipt file was changed', message, advice: 'Get it anew, from your own client first.' };
  }
  const known = FAILURES[code] ?? {
    title: 'The check could not be finished',
    advice: 'Try again; the command line may say more.',
  };
  return { ...known, message };
}
