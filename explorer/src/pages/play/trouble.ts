import { BetRefusedError, CasinoApiError, ClientError, FraudEvidenceError } from '../../../../client/index.ts';
import type { Trouble } from './player-state.ts';

type Words = readonly [title: string, text: string];

/** What the SDK's and the service's codes mean for somebody who plays, and what to do. */
const WORDS: Record<string, Words> = {
  API_UNREACHABLE: ['The service does not answer', 'What was signed is kept and stays the same bet. Try again in a moment.'],
  CHAIN_FAILED: ['The node of the chain does not answer', 'Nothing is lost. Try again in a moment.'],
  CHAIN_MISMATCH: ['This is not the house that it should be', 'Service and chain name different houses. Do not bet here.'],
  BAD_ANSWER: [
    'The service answers something that makes no sense',
    'It may be of another version than this page: load the page again.',
  ],
  NO_SIGNING_RECORD: [
    'This vault was opened elsewhere',
    'Its bets were signed by another browser or device. Bet there: signed here, two bets could have one number. Withdrawing works.',
  ],
  WRONG_SESSION_KEY: [
    'The vault has another key than this browser',
    'Bet where the vault was opened, or give it a new key under “Advanced”.',
  ],
  RECORD_CONFLICT: [
    'What this browser remembers is not where the vault is',
    'Another device bets from this vault, or what is kept here is old. Nothing was signed. Withdrawing works.',
  ],
  BET_PENDING: ['The bet waits for the one before it', 'It is signed and kept, and can be sent again.'],
  OUTSIDE_LIMIT: ['The house does not take this much', 'Nothing was signed. Bet less.'],
  INSUFFICIENT_BALANCE: ['Not enough to stake', 'Nothing was signed. Bet less, or deposit more.'],
  TERMS_CHANGED: ['The house has new odds', 'Load the page again to see them, and bet under them.'],
  TRANSACTION_FAILED: ['The chain rejected the transaction', 'Nothing has moved.'],
  TRANSACTION_EXPIRED: ['The chain took no transaction in time', 'Nothing has moved. Try again.'],
  TIMEOUT: [
    'This takes longer than it should',
    'It may still happen. Look at your money in a moment, before you do it again: a deposit would be made twice.',
  ],
  STORE_UNAVAILABLE: [
    'This browser keeps nothing',
    'Bets have to be remembered here before they are sent. Private windows and blocked storage are reasons; the page needs https or localhost.',
  ],
  STORE_CORRUPT: ['What this browser kept is damaged', 'Nothing more is signed with it. Withdrawing works.'],
  VAULT_CLOSED: ['The vault is closed', 'It was left by a forced exit. What it held can be taken out.'],
  REQUEST_OPEN: ['A withdrawal is under way', 'Wait until it is paid, or take it up again.'],
  NO_REQUEST: ['No withdrawal is under way', 'Ask for the money first: its deadline opens the forced exit.'],
  EXIT_TOO_EARLY: ['Too early to leave by force', 'The house still has time to pay.'],
  NOTHING_TO_CLAIM: ['Nothing to take out', 'All that was paid is in the wallet.'],
  ROTATION_TOO_EARLY: ['Too early for another key', 'The key before this one has to end first.'],
  WALLET_FAILED: ['The wallet did not sign', 'It was declined, or the wallet failed. Nothing was sent.'],
  FAUCET_EMPTY: [
    'The faucet gives nothing',
    'Some limit how often they give. Try later, or connect a wallet that has something.',
  ],
  BUSY: ['The house can not take the bet now', 'The bet is kept, and can be sent again.'],
  RATE_LIMITED: ['Too many requests', 'Wait a moment. The bet is kept, and can be sent again.'],
  NOT_LEADING: ['The service is not ready', 'The bet is kept, and can be sent again.'],
};

const KEPT: ReadonlySet<string> = new Set(['API_UNREACHABLE', 'BAD_ANSWER', 'CHAIN_FAILED', 'BET_PENDING']);

/** Of a bet whose bytes may be taken later: it is kept, and sent again as it is. */
export function isUnanswered(error: unknown): boolean {
  if (error instanceof ClientError) return KEPT.has(error.code);
  return error instanceof CasinoApiError && error.retry;
}

/** Whatever was thrown, in words. */
export function troubleOf(error: unknown): Trouble {
  if (error instanceof FraudEvidenceError) return fraud(error);
  if (error instanceof BetRefusedError) {
    const text = `The house has refused it for good, with its signature: ${error.reason}. Nothing was staked.`;
    return { code: 'REFUSED', title: 'The bet was refused', text };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = codeOf(error);
  const [title, text] = WORDS[code] ?? ['That did not work', 'Try again; load the page again if it stays.'];
  return { code, title, text: `${text} (${message})` };
}

function fraud(error: FraudEvidenceError): Trouble {
  const { kind, signedByHouse, evidence, message } = error;
  const text = signedByHouse
    ? 'Two things that it signed contradict each other, or the rules. This is evidence: save it, stop betting, and take the money out.'
    : 'Its answer is wrong, and not signed, so it proves nothing to others. Stop betting here.';
  const saved = JSON.stringify({ kind, message, signed_by_house: signedByHouse, evidence }, null, 2);
  return {
    code: `FRAUD:${kind}`,
    title: 'The house cheated, or its service is broken',
    text: `${text} (${message})`,
    evidence: saved,
  };
}

function codeOf(error: unknown): string {
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'UNEXPECTED';
}
