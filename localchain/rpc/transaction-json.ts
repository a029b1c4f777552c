import { encodeBase58 } from '../base58.ts';
import type { TransactionErrorJson } from '../transaction-errors.ts';
import type { LandedTransaction } from '../transaction-log.ts';
import type { InnerInstruction, ReturnData } from '../vm.ts';
import { parseTransaction, type WireMessage } from '../wire.ts';

/** Encodings of a whole transaction in an answer. */
export const TRANSACTION_ENCODINGS = ['json', 'base58', 'base64'] as const;
export type TransactionEncoding = (typeof TRANSACTION_ENCODINGS)[number];

/** `{"Ok":null}` or `{"Err":...}`, the older form of an error that clients still read. */
export function statusJson(err: TransactionErrorJson | null): object {
  return err === null ? { Ok: null } : { Err: err };
}

/** Return data of a program, `null` when it set none. */
export function returnDataJson(data: ReturnData | null): object | null {
  if (data === null) return null;
  return {
    programId: encodeBase58(data.programId),
    data: [Buffer.from(data.data).toString('base64'), 'base64'],
  };
}

/** Instructions that programs called, grouped by the outer instruction; groups without any are left out. */
export function innerInstructionsJson(lists: readonly (readonly InnerInstruction[])[]): object[] {
  return lists.flatMap((list, index) =>
    list.length === 0
      ? []
      : [
          {
            index,
            instructions: list.map(({ programIdIndex, accounts, data, stackHeight }) => ({
              programIdIndex,
              accounts: [...accounts],
              data: encodeBase58(data),
              stackHeight,
            })),
          },
        ],
  );
}

/** The `meta` of a landed transaction. Token balances are not recorded and therefore absent. */
export function transactionMetaJson({ execution }: LandedTransaction): object {
  const { addresses, loadedWritable, loadedReadonly } = execution;
  const staticCount = addresses.length - loadedWritable - loadedReadonly;
  return {
    err: execution.err,
    status: statusJson(execution.err),
    fee: execution.feeLamports,
    preBalances: execution.preBalances,
    postBalances: execution.postBalances,
    innerInstructions: innerInstructionsJson(execution.innerInstructions),
    logMessages: execution.logs,
    rewards: [],
    loadedAddresses: {
      writable: addresses.slice(staticCount, staticCount + loadedWritable),
      readonly: addresses.slice(staticCount + loadedWritable),
    },
    computeUnitsConsumed: execution.computeUnits,
    ...(execution.returnData === null ? {} : { returnData: returnDataJson(execution.returnData) }),
  };
}

/** A transaction's bytes or its decoded form. */
export function transactionJson(wire: Uint8Array, encoding: TransactionEncoding): unknown {
  if (encoding === 'base64') return [Buffer.from(wire).toString('base64'), 'base64'];
  if (encoding === 'base58') return [encodeBase58(wire), 'base58'];
  const { signatures, message } = parseTransaction(wire);
  return { signatures: signatures.map(encodeBase58), message: messageJson(message) };
}

function messageJson(message: WireMessage): object {
  const lookups = message.lookups.map((lookup) => ({
    accountKey: encodeBase58(lookup.table),
    writableIndexes: [...lookup.writable],
    readonlyIndexes: [...lookup.readonly],
  }));
  return {
    header: {
      numRequiredSignatures: message.requiredSignatures,
      numReadonlySignedAccounts: message.readonlySigned,
      numReadonlyUnsignedAccounts: message.readonlyUnsigned,
    },
    accountKeys: message.keys.map(encodeBase58),
    recentBlockhash: encodeBase58(message.blockhash),
    instructions: message.instructions.map(({ programIdIndex, accounts, data }) => ({
      programIdIndex,
      accounts: [...accounts],
      data: encodeBase58(data),
      stackHeight: null,
    })),
    ...(message.version === 0 ? { addressTableLookups: lookups } : {}),
  };
}
