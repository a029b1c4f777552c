import { encodeBase58 } from '../base58.ts';
import { invalidParams, RpcError } from '../errors.ts';
import { messageFeeLamports } from '../fees.ts';
import { MAX_BLOCKHASH_AGE_SLOTS, MAX_PROGRAM_BYTES, MAX_TRANSACTION_BYTES, SLOTS_PER_EPOCH } from '../limits.ts';
import { parseMessage, WireError } from '../wire.ts';
import { decodeBase64 } from './account-json.ts';
import { type RpcMethod, readBlockhash, readConfig, readCount, readViewSlot, withContext } from './params.ts';

const BLOCK_NOT_AVAILABLE = -32004;

const getHealth: RpcMethod = () => 'ok';

const getVersion: RpcMethod = () => ({ 'solana-core': 'localchain (LiteSVM 1.4.1)', 'feature-set': 0 });

const getGenesisHash: RpcMethod = (chain) => chain.genesisHash;

const getSlot: RpcMethod = (chain, params) => readViewSlot(chain, readConfig(params[0]));

const getEpochInfo: RpcMethod = (chain, params) => {
  const slot = readViewSlot(chain, readConfig(params[0]));
  return {
    absoluteSlot: slot,
    blockHeight: slot,
    epoch: Math.floor(slot / SLOTS_PER_EPOCH),
    slotIndex: slot % SLOTS_PER_EPOCH,
    slotsInEpoch: SLOTS_PER_EPOCH,
    transactionCount: null,
  };
};

const getLatestBlockhash: RpcMethod = (chain, params) => {
  const slot = readViewSlot(chain, readConfig(params[0]));
  const lastValidBlockHeight = slot + MAX_BLOCKHASH_AGE_SLOTS;
  return withContext(slot, { blockhash: chain.state.blockhashes.at(slot), lastValidBlockHeight });
};

const isBlockhashValid: RpcMethod = (chain, params) => {
  const blockhash = readBlockhash(params[0]);
  const slot = readViewSlot(chain, readConfig(params[1]));
  return withContext(slot, chain.state.blockhashes.isValid(blockhash, slot));
};

const getBlockTime: RpcMethod = (chain, params) => {
  const slot = readCount(params[0], { name: 'slot', max: Number.MAX_SAFE_INTEGER });
  if (slot > chain.slotAt('processed')) {
    throw new RpcError(BLOCK_NOT_AVAILABLE, `Block not available for slot ${slot}`);
  }
  return chain.state.timeline.unixSecondsAt(slot);
};

const getFeeForMessage: RpcMethod = (chain, params) => {
  const [text] = params;
  const bytes = typeof text === 'string' ? decodeBase64(text) : null;
  if (bytes === null) throw invalidParams('invalid base64 encoding');
  if (bytes.length > MAX_TRANSACTION_BYTES) throw invalidParams('message too large');
  const slot = readViewSlot(chain, readConfig(params[1]));
  try {
    const message = parseMessage(bytes);
    const valid = chain.state.blockhashes.isValid(encodeBase58(message.blockhash), slot);
    return withContext(slot, valid ? messageFeeLamports(message) : null);
  } catch (error) {
    throw error instanceof WireError ? invalidParams(`failed to deserialize message: ${error.message}`) : error;
  }
};

/** Transactions pay no market price here, so there is none to report. */
const getRecentPrioritizationFees: RpcMethod = () => [];

const getMinimumBalanceForRentExemption: RpcMethod = (chain, params) =>
  chain.state.rentExemptLamports(readCount(params[0], { name: 'data length', max: MAX_PROGRAM_BYTES }));

/** Slots, block hashes, times and fees. */
export const blockMethods = {
  getHealth,
  getVersion,
  getGenesisHash,
  getSlot,
  /** Every slot has a block here. */
  getBlockHeight: getSlot,
  getEpochInfo,
  getLatestBlockhash,
  isBlockhashValid,
  getBlockTime,
  getFeeForMessage,
  getRecentPrioritizationFees,
  getMinimumBalanceForRentExemption,
};
