/** The SDK, for browsers and Node: nothing here needs Node. `node.ts` adds the store of files. */
export type { Vault } from '../program/client/accounts.ts';
export { ProtocolError } from '../protocol/errors.ts';
export { type ReceiptFile, receiptFileText } from '../protocol/receipt-file.ts';
export type { BalanceAnswer, BatchState, BatchStatus, BetState, BetStatus, VaultAnswer, VoidedBets } from './api.ts';
export type { BetResult } from './bet-run.ts';
export type { UnansweredBet } from './bettor.ts';
export { BrowserStore } from './browser-store.ts';
export { type Chain, chainAt } from './chain.ts';
export { CasinoClient } from './client.ts';
export { type Clock, SYSTEM_CLOCK } from './clock.ts';
export type { ConnectOptions } from './connect.ts';
export {
  API_ERROR_CODES,
  type ApiErrorCode,
  BetDroppedError,
  BetRefusedError,
  CasinoApiError,
  ClientError,
  type ClientErrorCode,
  FraudEvidenceError,
  type FraudKind,
} from './errors.ts';
export type { BetTaken, CasinoEvent } from './events.ts';
export { ExitClient, type ExitOptions } from './exit-client.ts';
export type { BetSummary, HistoryFilters, HistoryOptions, HistoryPage } from './history.ts';
export type { HouseContext } from './house.ts';
export type { SignedBytes } from './parse.ts';
export { DEFAULT_RETRY_LIMITS, type RetryLimits } from './retry.ts';
export type { RotationOptions } from './rotation.ts';
export { type ClientStore, MemoryStore } from './store.ts';
export type { LandedTransaction } from './transactions.ts';
export { fetchTransport, type HttpTransport } from './transport.ts';
export type { Progress } from './vault-opening.ts';
export type { Settled, WaitOptions } from './waiting.ts';
export type { Wallet } from './wallet.ts';
export { canBet, connectWallet, type WalletApp, walletOf, watchWallets } from './wallet-standard.ts';
export type { Claimed, WithdrawalAmount, WithdrawalStage, WithdrawalWishes } from './withdrawal.ts';
