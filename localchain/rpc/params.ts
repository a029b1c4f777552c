import { type Address, decodeBase58 } from '../base58.ts';
import type { Commitment, LocalChain } from '../chain.ts';
import { invalidParams, RPC_ERROR, RpcError } from '../errors.ts';
import type { Json } from '../json.ts';

/** A JSON object of options, as most methods take one last. */
export type Config = { readonly [key: string]: Json | undefined };

/** A method of the interface: positional params in, result out; throws `RpcError`. */
export type RpcMethod = (chain: LocalChain, params: readonly Json[]) => unknown;

/** Longest base58 text of 32 bytes. */
const MAX_ADDRESS_CHARACTERS = 44;
/** Longest base58 text of 64 bytes. */
const MAX_SIGNATURE_CHARACTERS = 88;
const MAX_U64 = 2n ** 64n - 1n;

/** The object at a position, `{}` when absent or null. */
export function readConfig(value: Json | undefined): Config {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) throw invalidParams('Invalid params: expected an object');
  return value;
}

function readBase58(value: Json | undefined, shape: { name: string; lengthBytes: number; max: number }): string {
  if (typeof value !== 'string') throw invalidParams(`Invalid params: ${shape.name} must be a string`);
  const bytes = value.length <= shape.max ? decodeBase58(value) : new Uint8Array();
  if (bytes === null) throw invalidParams('Invalid param: Invalid');
  if (bytes.length !== shape.lengthBytes) throw invalidParams('Invalid param: WrongSize');
  return value;
}

/** A base58 account address. */
export function readAddress(value: Json | undefined): Address {
  return readBase58(value, { name: 'address', lengthBytes: 32, max: MAX_ADDRESS_CHARACTERS });
}

/** A base58 block hash. */
export function readBlockhash(value: Json | undefined): string {
  return readBase58(value, { name: 'blockhash', lengthBytes: 32, max: MAX_ADDRESS_CHARACTERS });
}

/** A base58 transaction signature. */
export function readSignature(value: Json | undefined): string {
  return readBase58(value, { name: 'signature', lengthBytes: 64, max: MAX_SIGNATURE_CHARACTERS });
}

/** An unsigned 64-bit integer. */
export function readU64(value: Json | undefined, name: string): bigint {
  const integer = typeof value === 'number' && Number.isSafeInteger(value) ? BigInt(value) : value;
  if (typeof integer !== 'bigint' || integer < 0n || integer > MAX_U64) {
    throw invalidParams(`Invalid params: ${name} must be an unsigned 64-bit integer`);
  }
  return integer;
}

/** An unsigned integer that must be small; larger ones are refused. */
export function readCount(value: Json | undefined, limits: { name: string; max: number }): number {
  const count = readU64(value, limits.name);
  if (count > BigInt(limits.max)) throw invalidParams(`Invalid params: ${limits.name} is larger than ${limits.max}`);
  return Number(count);
}

/** A flag that defaults to false. */
export function readFlag(value: Json | undefined, name: string): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'boolean') throw invalidParams(`Invalid params: ${name} must be a boolean`);
  return value;
}

/** One of some strings, or `undefined` when absent. */
export function readChoice<T extends string>(
  value: Json | undefined,
  options: { name: string; choices: readonly T[] },
): T | undefined {
  if (value === undefined || value === null) return undefined;
  const choice = options.choices.find((candidate) => candidate === value);
  if (choice === undefined) {
    throw invalidParams(`Invalid params: ${options.name} must be one of ${options.choices.join(', ')}`);
  }
  return choice;
}

/** A commitment; Solana's default is finalized. */
export function readCommitment(value: Json | undefined): Commitment {
  const choices = ['processed', 'confirmed', 'finalized'] as const;
  return readChoice(value, { name: 'commitment', choices }) ?? 'finalized';
}

/** The slot whose state a read shows, by its `commitment` and `minContextSlot`. */
export function readViewSlot(chain: LocalChain, config: Config, commitment = config.commitment): number {
  const slot = chain.slotAt(readCommitment(commitment));
  const minimum = config.minContextSlot;
  if (minimum !== undefined && minimum !== null && readU64(minimum, 'minContextSlot') > BigInt(slot)) {
    const message = 'Minimum context slot has not been reached';
    throw new RpcError(RPC_ERROR.minContextSlotNotReached, message, { contextSlot: slot });
  }
  return slot;
}

/** The commitment of a query on transactions, which Solana does not answer below confirmed. */
export function readHistorySlot(chain: LocalChain, config: Config): number {
  if (config.commitment === 'processed') {
    throw invalidParams('Method does not support commitment below `confirmed`');
  }
  return readViewSlot(chain, config);
}

/** Wraps a value with the slot that it was read at. */
export function withContext(slot: number, value: unknown): { context: { slot: number }; value: unknown } {
  return { context: { slot }, value };
}
