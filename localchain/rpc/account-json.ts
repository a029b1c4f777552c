import { zstdCompressSync } from 'node:zlib';
import { type Address, decodeBase58, encodeBase58 } from '../base58.ts';
import { invalidParams, RPC_ERROR, RpcError } from '../errors.ts';
import type { Json } from '../json.ts';
import { MAX_BASE58_DATA_BYTES, MAX_MEMCMP_BYTES, MAX_PROGRAM_ACCOUNT_FILTERS } from '../limits.ts';
import type { StoredAccount } from '../vm.ts';
import { type Config, readChoice, readConfig, readCount, readU64 } from './params.ts';

const ENCODINGS = ['binary', 'base58', 'base64', 'base64+zstd', 'jsonParsed'] as const;
/** Rent epoch of a rent-exempt account, which every account is. */
const RENT_EPOCH = 2n ** 64n - 1n;
const MAX_OFFSET = Number.MAX_SAFE_INTEGER;

/** How a caller wants account data. */
export type AccountFormat = {
  encoding: (typeof ENCODINGS)[number];
  slice: { offset: number; length: number } | null;
  /** Data too large for base58: an error for a query, and Solana's placeholder text in a notification. */
  tooLarge: 'throw' | 'text';
};

/** A predicate over accounts, from the `filters` of a query. */
export type AccountFilter = (account: StoredAccount) => boolean;

/** Reads `encoding` and `dataSlice`. Without an encoding data is bare base58 text, Solana's oldest form. */
export function readAccountFormat(config: Config, fallback: AccountFormat['encoding'] = 'binary'): AccountFormat {
  const encoding = readChoice(config.encoding, { name: 'encoding', choices: ENCODINGS }) ?? fallback;
  const tooLarge = 'throw';
  if (config.dataSlice === undefined || config.dataSlice === null) return { encoding, slice: null, tooLarge };
  const slice = readConfig(config.dataSlice);
  const offset = readCount(slice.offset, { name: 'dataSlice.offset', max: MAX_OFFSET });
  const length = readCount(slice.length, { name: 'dataSlice.length', max: MAX_OFFSET });
  return { encoding, slice: { offset, length }, tooLarge };
}

/** An account as the RPC shows it; `null` stays `null`. `jsonParsed` gives base64, as for any unknown program. */
export function accountJson(account: StoredAccount | null, format: AccountFormat): object | null {
  if (account === null) return null;
  const { offset, length } = format.slice ?? { offset: 0, length: account.data.length };
  const data = account.data.subarray(offset, offset + length);
  return {
    data: encodeData(data, format),
    executable: account.executable,
    lamports: account.lamports,
    owner: encodeBase58(account.owner),
    rentEpoch: RENT_EPOCH,
    space: account.data.length,
  };
}

function encodeData(data: Uint8Array, format: AccountFormat): string | [string, string] {
  const { encoding, tooLarge } = format;
  if (encoding === 'base64+zstd') return [zstdCompressSync(data).toString('base64'), 'base64+zstd'];
  if (encoding === 'base64' || encoding === 'jsonParsed') return [Buffer.from(data).toString('base64'), 'base64'];
  if (data.length > MAX_BASE58_DATA_BYTES && tooLarge === 'text') return 'error: data too large for bs58 encoding';
  if (data.length > MAX_BASE58_DATA_BYTES) {
    const message = `Encoded binary (base 58) data should be less than ${MAX_BASE58_DATA_BYTES} bytes, please use Base64 encoding.`;
    throw new RpcError(RPC_ERROR.invalidRequest, message);
  }
  const text = encodeBase58(data);
  return encoding === 'binary' ? text : [text, 'base58'];
}

/** Entry of `getProgramAccounts` and value of a program notification. */
export function keyedAccountJson(entry: { address: Address; account: StoredAccount }, format: AccountFormat): object {
  return { pubkey: entry.address, account: accountJson(entry.account, format) };
}

/** Reads `filters`: `dataSize` and `memcmp`, all of which must hold. */
export function readAccountFilter(value: Json | undefined): AccountFilter {
  if (value === undefined || value === null) return () => true;
  if (!Array.isArray(value)) throw invalidParams('Invalid params: filters must be an array');
  if (value.length > MAX_PROGRAM_ACCOUNT_FILTERS) {
    throw invalidParams(`Too many filters provided; max ${MAX_PROGRAM_ACCOUNT_FILTERS}`);
  }
  const filters = value.map((item) => readFilter(readConfig(item)));
  return (account) => filters.every((matches) => matches(account));
}

function readFilter(filter: Config): AccountFilter {
  if (filter.dataSize !== undefined) {
    const size = readU64(filter.dataSize, 'dataSize');
    return (account) => BigInt(account.data.length) === size;
  }
  if (filter.memcmp === undefined) throw invalidParams('Invalid params: a filter is dataSize or memcmp');
  const memcmp = readConfig(filter.memcmp);
  const offset = readCount(memcmp.offset, { name: 'memcmp.offset', max: MAX_OFFSET });
  const bytes = readMemcmpBytes(memcmp);
  return ({ data }) => Buffer.compare(data.subarray(offset, offset + bytes.length), bytes) === 0;
}

function readMemcmpBytes(memcmp: Config): Uint8Array {
  const text = memcmp.bytes;
  const encoding = readChoice(memcmp.encoding, {
    name: 'memcmp.encoding',
    choices: ['base58', 'base64'] as const,
  });
  if (typeof text !== 'string') throw invalidParams('Invalid params: memcmp.bytes must be a string');
  if (text.length > 2 * MAX_MEMCMP_BYTES) throw invalidParams('Invalid param: data too large');
  const bytes = encoding === 'base64' ? decodeBase64(text) : decodeBase58(text);
  if (bytes === null) throw invalidParams(`Invalid param: could not decode ${encoding ?? 'base58'} data`);
  if (bytes.length > MAX_MEMCMP_BYTES) throw invalidParams('Invalid param: data too large');
  return bytes;
}

/** Strict base64; `null` when the text is anything else. */
export function decodeBase64(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64');
  return bytes.toString('base64') === text ? new Uint8Array(bytes) : null;
}
