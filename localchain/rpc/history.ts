import type { LocalChain } from '../chain.ts';
import { invalidParams, RPC_ERROR, RpcError } from '../errors.ts';
import { MAX_SIGNATURE_STATUSES, MAX_SIGNATURES_FOR_ADDRESS, RECENT_STATUS_SLOTS } from '../limits.ts';
import type { LandedTransaction } from '../transaction-log.ts';
import { parseTransaction } from '../wire.ts';
import {
  type RpcMethod,
  readAddress,
  readChoice,
  readConfig,
  readCount,
  readFlag,
  readHistorySlot,
  readSignature,
  withContext,
} from './params.ts';
import { statusJson, TRANSACTION_ENCODINGS, transactionJson, transactionMetaJson } from './transaction-json.ts';

function confirmationStatus(chain: LocalChain, slot: number): 'processed' | 'confirmed' | 'finalized' {
  if (slot <= chain.slotAt('finalized')) return 'finalized';
  return slot <= chain.slotAt('confirmed') ? 'confirmed' : 'processed';
}

const getSignatureStatuses: RpcMethod = (chain, params) => {
  const signatures = params[0];
  if (!Array.isArray(signatures)) throw invalidParams('Invalid params: expected an array of signatures');
  if (signatures.length > MAX_SIGNATURE_STATUSES) {
    throw invalidParams(`Too many inputs provided; max ${MAX_SIGNATURE_STATUSES}`);
  }
  const wholeHistory = readFlag(readConfig(params[1]).searchTransactionHistory, 'searchTransactionHistory');
  const slot = chain.slotAt('processed');
  const statuses = signatures.map((item) => {
    const landed = chain.state.transactions.bySignature(readSignature(item));
    if (landed === undefined) return null;
    if (!wholeHistory && slot - landed.slot > RECENT_STATUS_SLOTS) return null;
    const status = confirmationStatus(chain, landed.slot);
    const { err } = landed.execution;
    return {
      slot: landed.slot,
      confirmations: status === 'finalized' ? null : slot - landed.slot,
      err,
      status: statusJson(err),
      confirmationStatus: status,
    };
  });
  return withContext(slot, statuses);
};

const getTransaction: RpcMethod = (chain, params) => {
  const signature = readSignature(params[0]);
  // The second param may be a bare encoding, as in Solana's older clients.
  const config = readConfig(typeof params[1] === 'string' ? { encoding: params[1] } : params[1]);
  const encoding = readChoice(config.encoding, { name: 'encoding', choices: TRANSACTION_ENCODINGS }) ?? 'json';
  const landed = chain.state.transactions.bySignature(signature);
  if (landed === undefined || landed.slot > readHistorySlot(chain, config)) return null;
  const { version } = parseTransaction(landed.wire).message;
  const supported = 'maxSupportedTransactionVersion' in config ? config.maxSupportedTransactionVersion : null;
  const versions = typeof supported === 'number';
  if (version === 0 && !versions) {
    const message =
      'Transaction version (0) is not supported by the requesting client. Please try the request again with the ' +
      'following configuration parameter: "maxSupportedTransactionVersion": 0';
    throw new RpcError(RPC_ERROR.unsupportedTransactionVersion, message);
  }
  return {
    slot: landed.slot,
    blockTime: chain.state.timeline.unixSecondsAt(landed.slot),
    transaction: transactionJson(landed.wire, encoding),
    meta: transactionMetaJson(landed),
    ...(versions ? { version } : {}),
  };
};

const getSignaturesForAddress: RpcMethod = (chain, params) => {
  const address = readAddress(params[0]);
  const config = readConfig(params[1]);
  const max = MAX_SIGNATURES_FOR_ADDRESS;
  const limit = config.limit == null ? max : readCount(config.limit, { name: 'limit', max });
  if (limit === 0) throw invalidParams(`Invalid limit; max ${max}`);
  const find = (value: (typeof config)[string]): LandedTransaction | undefined | null =>
    value == null ? null : chain.state.transactions.bySignature(readSignature(value));
  const before = find(config.before);
  const until = find(config.until);
  const maxSlot = readHistorySlot(chain, config);
  if (before === undefined) return [];
  const range = { before: before?.id ?? Number.POSITIVE_INFINITY, until: until?.id ?? -1, maxSlot, limit };
  return chain.state.transactions.byAddress(address, range).map(({ signature, slot, execution }) => ({
    signature,
    slot,
    err: execution.err,
    memo: null,
    blockTime: chain.state.timeline.unixSecondsAt(slot),
    confirmationStatus: confirmationStatus(chain, slot),
  }));
};

/** Landed transactions. */
export const historyMethods = { getSignatureStatuses, getTransaction, getSignaturesForAddress };
