import type { BetState, Side } from '../../api-types.ts';

/** Where somebody who plays here stands. */
export type Stage =
  | 'opening'
  /** No wallet yet: a throw-away one can be made, or one of the browser's connected. */
  | 'wallet'
  /** A wallet without a vault in this house. */
  | 'set-up'
  | 'ready'
  /** The vault was left by a forced exit: what is claimable is all that is left to take. */
  | 'closed'
  /** The wallet is there, and the service or the chain does not answer. */
  | 'cut-off';

/** Something that did not work, in words, with what to do. */
export interface Trouble {
  /** The error's stable code. */
  code: string;
  title: string;
  text: string;
  /** Bytes that convict the house, as JSON. */
  evidence?: string;
}

/** A bet of this browser. Amounts in lamports. */
export interface PlayedBet {
  key: string;
  betNumber: bigint | undefined;
  /** Hex. */
  id: string | undefined;
  guess: Side;
  amount: bigint;
  outcome: Side | undefined;
  payout: bigint;
  balanceAfter: bigint;
  /** `sending`: no answer yet. `unanswered`: signed, and nobody answers; `dropped`: nothing was taken. */
  state: 'sending' | 'unanswered' | 'dropped' | BetState;
  /** Milliseconds since the epoch. */
  time: number;
  ackMs: number | undefined;
  /** Signed by an earlier visit of this page, and answered by this one. */
  recovered: boolean;
  trouble: Trouble | undefined;
}

/** Something with the chain that takes a moment: what was done, and what is being done. */
export interface Activity {
  title: string;
  steps: string[];
}

export interface PlayerState {
  stage: Stage;
  hasFaucet: boolean;
  /** Browser wallets that can be connected. */
  walletNames: string[];
  wallet: { address: string; kind: 'throw-away' | 'app'; lamports: bigint | undefined } | undefined;
  vault: string | undefined;
  /** What can be staked, in lamports. */
  balance: bigint | undefined;
  developmentKeys: boolean | undefined;
  maxStake: bigint | undefined;
  /** Paid out by the house and not taken yet. */
  claimable: bigint;
  /** A withdrawal that the house has not paid yet. */
  request: { amount: bigint; deadlineSlot: bigint } | undefined;
  activity: Activity | undefined;
  /** Newest first. */
  bets: PlayedBet[];
  trouble: Trouble | undefined;
}

export const OPENING: PlayerState = {
  ...{ stage: 'opening', hasFaucet: false, walletNames: [], wallet: undefined, vault: undefined, balance: undefined },
  ...{ developmentKeys: undefined, maxStake: undefined, claimable: 0n, request: undefined, activity: undefined },
  ...{ bets: [], trouble: undefined },
};
