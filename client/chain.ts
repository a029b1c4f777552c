import {
  type Address,
  type Base58EncodedBytes,
  type Base64EncodedWireTransaction,
  type Blockhash,
  type Commitment,
  createSolanaRpc,
  getBase64Encoder,
  isSolanaError,
  type Signature,
  SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE,
} from '@solana/kit';
import type { Clock } from './clock.ts';
import { ClientError } from './errors.ts';
import { type RetryLimits, withRetries } from './retry.ts';

/** A verifying key's account: docs/reference/layouts.md. */
const VERIFYING_KEY_BYTES = 672n;
const VERIFYING_KEY_HOUSE_AT = 16n;

export interface ChainAccount {
  address: Address;
  /** The owning program. */
  programAddress: Address;
  data: Uint8Array;
}

/** What is known of a transaction: undefined if nothing. */
export interface TransactionStatus {
  commitment: Commitment;
  slot: bigint;
  /** Why it failed, if it did. */
  failure: unknown;
}

/** What the client asks of a Solana node. Every call but `send` is retried within a limit, then throws `CHAIN_FAILED`. */
export interface Chain {
  /** Base58. */
  genesisHash(): Promise<string>;
  account(address: Address, commitment: Commitment): Promise<ChainAccount | undefined>;
  /** The finalized accounts of a house's verifying keys. Asked once: a node that keeps no such list says no each time. */
  verifyingKeys(input: { program: Address; house: Address }): Promise<ChainAccount[]>;
  latestBlockhash(): Promise<{ blockhash: Blockhash; lastValidBlockHeight: bigint }>;
  slot(commitment: Commitment): Promise<bigint>;
  /** The block height at the finalized commitment. */
  finalizedBlockHeight(): Promise<bigint>;
  /** Sends once. `rejected` only if the node's dry run failed; `unknown` when there was no clear answer. */
  send(wire: Base64EncodedWireTransaction): Promise<{ result: 'taken' | 'unknown' } | { result: 'rejected'; cause: unknown }>;
  status(signature: Signature): Promise<TransactionStatus | undefined>;
}

/** A Solana node by its JSON-RPC address, through kit's ordinary client. */
export function chainAt(rpcUrl: string, options: { clock: Clock; retry: RetryLimits }): Chain {
  const rpc = createSolanaRpc(rpcUrl);
  const ask = async <T>(call: () => Promise<T>): Promise<T> => {
    try {
      return await withRetries({ clock: options.clock, limits: options.retry, attempt: call, mayRetry: () => true });
    } catch (cause) {
      throw new ClientError('CHAIN_FAILED', 'the chain could not be asked', { cause });
    }
  };
  return {
    genesisHash: () => ask(() => rpc.getGenesisHash().send()),
    account: (address, commitment) =>
      ask(async () => {
        const { value } = await rpc.getAccountInfo(address, { encoding: 'base64', commitment }).send();
        if (!value) return undefined;
        return { address, programAddress: value.owner, data: Uint8Array.from(getBase64Encoder().encode(value.data[0])) };
      }),
    async verifyingKeys({ program, house }) {
      const memcmp = {
        offset: VERIFYING_KEY_HOUSE_AT,
        bytes: house as string as Base58EncodedBytes,
        encoding: 'base58',
      } as const;
      const filters = [{ dataSize: VERIFYING_KEY_BYTES }, { memcmp }];
      const options = { encoding: 'base64', commitment: 'finalized', filters } as const;
      const accounts = await rpc.getProgramAccounts(program, options).send();
      return accounts.map(({ pubkey, account }) => {
        const data = Uint8Array.from(getBase64Encoder().encode(account.data[0]));
        return { address: pubkey, programAddress: account.owner, data };
      });
    },
    latestBlockhash: () => ask(async () => (await rpc.getLatestBlockhash({ commitment: 'confirmed' }).send()).value),
    slot: (commitment) => ask(() => rpc.getSlot({ commitment }).send()),
    finalizedBlockHeight: () => ask(() => rpc.getBlockHeight({ commitment: 'finalized' }).send()),
    async send(wire) {
      try {
        await rpc.sendTransaction(wire, { encoding: 'base64', preflightCommitment: 'confirmed' }).send();
        return { result: 'taken' };
      } catch (cause) {
        const rejected = isSolanaError(cause, SOLANA_ERROR__JSON_RPC__SERVER_ERROR_SEND_TRANSACTION_PREFLIGHT_FAILURE);
        return rejected ? { result: 'rejected', cause } : { result: 'unknown' };
      }
    },
    status: (signature) =>
      ask(async () => {
        const { value } = await rpc.getSignatureStatuses([signature], { searchTransactionHistory: true }).send();
        const status = value[0];
        if (!status) return undefined;
        return { commitment: status.confirmationStatus ?? 'processed', slot: status.slot, failure: status.err };
      }),
  };
}
