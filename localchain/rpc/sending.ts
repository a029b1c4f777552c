import { type Address, decodeBase58 } from '../base58.ts';
import type { LocalChain } from '../chain.ts';
import { invalidParams, RPC_ERROR, RpcError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MAX_AIRDROP_LAMPORTS, MAX_BLOCKHASH_AGE_SLOTS, MAX_MULTIPLE_ACCOUNTS, MAX_TRANSACTION_BYTES } from '../limits.ts';
import { type TransactionErrorJson, transactionErrorText } from '../transaction-errors.ts';
import type { Simulation, StoredAccount } from '../vm.ts';
import { parseTransaction, WireError, type WireTransaction } from '../wire.ts';
import { accountJson, decodeBase64, readAccountFormat } from './account-json.ts';
import {
  type Config,
  type RpcMethod,
  readAddress,
  readChoice,
  readConfig,
  readFlag,
  readU64,
  readViewSlot,
  withContext,
} from './params.ts';
import { innerInstructionsJson, returnDataJson } from './transaction-json.ts';

/** Longest texts of a packet, as Agave names them in its error. */
const MAX_BASE58_CHARACTERS = 1_683;
const MAX_BASE64_CHARACTERS = 1_644;
const TYPE_NAME = 'solana_transaction::versioned::VersionedTransaction';

/** Errors that only running can show: a transaction that fails with one of them still lands and pays. */
const LANDING_ERRORS = ['InstructionError', 'InsufficientFundsForRent', 'DuplicateInstruction'];

function readTransaction(value: Json | undefined, config: Config): WireTransaction {
  if (typeof value !== 'string') throw invalidParams('Invalid params: expected an encoded transaction');
  const encoding = readChoice(config.encoding, {
    name: 'encoding',
    choices: ['base58', 'base64'] as const,
  });
  const base64 = encoding === 'base64';
  const maxCharacters = base64 ? MAX_BASE64_CHARACTERS : MAX_BASE58_CHARACTERS;
  if (value.length > maxCharacters) {
    throw invalidParams(
      `${base64 ? 'base64' : 'base58'} encoded ${TYPE_NAME} too large: ${value.length} bytes ` +
        `(max: encoded/raw ${maxCharacters}/${MAX_TRANSACTION_BYTES})`,
    );
  }
  const wire = base64 ? decodeBase64(value) : decodeBase58(value);
  if (wire === null) throw invalidParams(`invalid ${base64 ? 'base64' : 'base58'} encoding`);
  if (wire.length > MAX_TRANSACTION_BYTES) {
    throw invalidParams(`decoded ${TYPE_NAME} too large: ${wire.length} bytes (max: ${MAX_TRANSACTION_BYTES} bytes)`);
  }
  try {
    return parseTransaction(wire);
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw invalidParams(`failed to deserialize ${TYPE_NAME}: ${error.message}`);
  }
}

function failedSimulation(err: TransactionErrorJson): Simulation {
  return { err, logs: [], computeUnits: 0n, innerInstructions: [], returnData: null, accounts: null };
}

function preflightFailure(simulation: Simulation & { err: TransactionErrorJson }): RpcError {
  const message = `Transaction simulation failed: ${transactionErrorText(simulation.err)}`;
  return new RpcError(RPC_ERROR.preflightFailure, message, {
    accounts: null,
    err: simulation.err,
    innerInstructions: null,
    logs: simulation.logs,
    replacementBlockhash: null,
    returnData: returnDataJson(simulation.returnData),
    unitsConsumed: simulation.computeUnits,
  });
}

/**
 * Verifies, checks and durably executes a transaction; resolves to its signature. With `skipPreflight` a transaction
 * that fails lands with its error, and one that cannot land is dropped in silence, both as on a cluster.
 */
async function send(chain: LocalChain, transaction: WireTransaction, skipPreflight: boolean): Promise<string> {
  const { signature } = transaction;
  const simulation = chain.state.simulate(transaction, { verifySignatures: true });
  if (simulation.err === 'SignatureFailure') {
    throw new RpcError(RPC_ERROR.signatureVerificationFailure, 'Transaction signature verification failure');
  }
  const refusal = chain.state.refusal(transaction);
  const checked = refusal === null ? simulation : failedSimulation(refusal);
  const { err } = checked;
  if (err !== null) {
    if (!skipPreflight) throw preflightFailure({ ...checked, err });
    const lands = typeof err === 'object' && LANDING_ERRORS.some((variant) => variant in err);
    if (!lands) return signature;
  }
  const applied = await chain.submit(transaction);
  if ('dropped' in applied && applied.dropped !== null && !skipPreflight) {
    throw preflightFailure({ ...failedSimulation(applied.dropped), err: applied.dropped });
  }
  return signature;
}

const sendTransaction: RpcMethod = (chain, params) => {
  const config = readConfig(params[1]);
  const transaction = readTransaction(params[0], config);
  const skipPreflight = readFlag(config.skipPreflight, 'skipPreflight');
  readViewSlot(chain, config, config.preflightCommitment);
  return send(chain, transaction, skipPreflight);
};

const simulateTransaction: RpcMethod = (chain, params) => {
  const config = readConfig(params[1]);
  const transaction = readTransaction(params[0], config);
  const verifySignatures = readFlag(config.sigVerify, 'sigVerify');
  const replaceBlockhash = readFlag(config.replaceRecentBlockhash, 'replaceRecentBlockhash');
  if (verifySignatures && replaceBlockhash) {
    throw invalidParams('sigVerify may not be used with replaceRecentBlockhash');
  }
  const slot = readViewSlot(chain, config);
  const refusal = replaceBlockhash ? null : chain.state.refusal(transaction);
  const simulation = refusal === null ? chain.state.simulate(transaction, { verifySignatures }) : failedSimulation(refusal);
  if (simulation.err === 'SignatureFailure') {
    throw new RpcError(RPC_ERROR.signatureVerificationFailure, 'Transaction signature verification failure');
  }
  const inner = readFlag(config.innerInstructions, 'innerInstructions');
  const replacement = {
    blockhash: chain.state.blockhashes.at(slot),
    lastValidBlockHeight: slot + MAX_BLOCKHASH_AGE_SLOTS,
  };
  return withContext(chain.slotAt('processed'), {
    accounts: simulatedAccounts(chain, simulation, config.accounts),
    err: simulation.err,
    innerInstructions: inner ? innerInstructionsJson(simulation.innerInstructions) : null,
    logs: simulation.logs,
    replacementBlockhash: replaceBlockhash ? replacement : null,
    returnData: returnDataJson(simulation.returnData),
    unitsConsumed: simulation.computeUnits,
  });
};

function simulatedAccounts(chain: LocalChain, simulation: Simulation, value: Json | undefined): (object | null)[] | null {
  if (value === undefined || value === null) return null;
  const config = readConfig(value);
  const addresses = config.addresses;
  if (!Array.isArray(addresses) || addresses.length > MAX_MULTIPLE_ACCOUNTS) {
    throw invalidParams(`Invalid params: accounts.addresses must be an array of at most ${MAX_MULTIPLE_ACCOUNTS}`);
  }
  const format = readAccountFormat(config, 'base64');
  const after = simulation.accounts;
  if (after === null) return addresses.map(() => null);
  const accountOf = (address: Address): StoredAccount | null => {
    const changed = after.get(address);
    return changed === undefined ? chain.state.accountAt(address, chain.slotAt('processed')) : changed;
  };
  return addresses.map((item) => accountJson(accountOf(readAddress(item)), format));
}

const requestAirdrop: RpcMethod = (chain, params) => {
  const recipient = readAddress(params[0]);
  const lamports = readU64(params[1], 'lamports');
  readViewSlot(chain, readConfig(params[2]));
  if (lamports === 0n || lamports > MAX_AIRDROP_LAMPORTS) {
    throw invalidParams(`Invalid params: an airdrop is 1 to ${MAX_AIRDROP_LAMPORTS} lamports`);
  }
  return send(chain, chain.createAirdrop(recipient, lamports), false);
};

/** Sending and simulating transactions. */
export const sendingMethods = { sendTransaction, simulateTransaction, requestAirdrop };
