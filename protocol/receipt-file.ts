import type { CoinSide } from './bet.ts';
import { fieldToHex, toHex } from './bytes.ts';
import { SEED_TREE_DEPTH, STAKE_UNITS_LIMIT, U64_LIMIT } from './constants.ts';
import { Fields, ReceiptFileError } from './receipt-fields.ts';

/** A message of the house with the key that is said to have signed it, base58 as the house's account shows it. */
export interface KeyedMessage {
  message: Uint8Array;
  signature: Uint8Array;
  key: string;
}

/** Where the bet was settled, for a quicker look: a reader checks it all, and finds it without. */
export interface SettlementHint {
  batchNumber: bigint;
  /** Signature of the settling transaction, base58. */
  signature: string;
  /** CID of the batch's blob. */
  blobCid: string;
  /** The blob itself, so that a node of the chain is all that is needed besides. */
  blob: Uint8Array | undefined;
}

/** All that one needs to check one acknowledged bet against the chain. Addresses and the genesis hash are base58, of 32 bytes. */
export interface ReceiptFile {
  genesisHash: string;
  program: string;
  house: string;
  owner: string;
  vault: string;
  bet: {
    betNumber: bigint;
    termsId: number;
    stakeUnits: bigint;
    choice: CoinSide;
    clientSeed: bigint;
    headBefore: bigint;
    /** `Ax || Ay`, 64 bytes. */
    sessionKey: Uint8Array;
    /** `R8x || R8y || S` on head_n, 96 bytes. */
    signature: Uint8Array;
  };
  receipt: KeyedMessage;
  seed: { path: Uint8Array[]; commitment: KeyedMessage };
  settlement: SettlementHint | undefined;
}

const FORMAT = 'zk-casino-receipt';
const VERSION = 1;
const RECEIPT_BYTES = 213;
const COMMITMENT_BYTES = 148;
/** More than the largest blob has: 250 bets, each in a run of its own. */
const MAX_BLOB_BYTES = 100_000;
/** Largest file that is looked at, in UTF-16 units. */
const MAX_FILE_LENGTH = 2 * MAX_BLOB_BYTES + 20_000;

/** The file as a JSON value, its keys in the canonical order. */
export function receiptFileJson(file: ReceiptFile) {
  const { bet, seed, settlement } = file;
  return {
    format: FORMAT,
    version: VERSION,
    genesis_hash: file.genesisHash,
    program: file.program,
    house: file.house,
    owner: file.owner,
    vault: file.vault,
    bet: {
      bet_number: bet.betNumber.toString(),
      terms_id: bet.termsId,
      stake_units: bet.stakeUnits.toString(),
      choice: bet.choice === 1 ? 'heads' : 'tails',
      client_seed: fieldToHex(bet.clientSeed),
      head_before: fieldToHex(bet.headBefore),
      session_key: toHex(bet.sessionKey),
      signature: toHex(bet.signature),
    },
    receipt: keyedJson(file.receipt),
    seed: { path: seed.path.map(toHex), commitment: keyedJson(seed.commitment) },
    settlement: settlement
      ? {
          batch: settlement.batchNumber.toString(),
          signature: settlement.signature,
          blob_cid: settlement.blobCid,
          blob: settlement.blob ? toHex(settlement.blob) : null,
        }
      : null,
  };
}

/** The canonical text of a file: two spaces a level, one newline at the end. */
export function receiptFileText(file: ReceiptFile): string {
  return `${JSON.stringify(receiptFileJson(file), null, 2)}\n`;
}

/**
 * Reads a receipt file: its fields and no others, in their order, each written in the one way that the format has; white space between
 * them is free. Throws `ReceiptFileError`. What the fields say is not judged.
 */
export function parseReceiptFile(text: string): ReceiptFile {
  if (text.length > MAX_FILE_LENGTH)
    throw new ReceiptFileError('TOO_LARGE', `a receipt file has at most ${MAX_FILE_LENGTH} characters`);
  const reader = new Fields(parsed(text), '');
  if (reader.raw('format') !== FORMAT) throw new ReceiptFileError('UNKNOWN_FORMAT', 'this is no receipt file of a ZK Casino');
  if (reader.raw('version') !== VERSION) {
    throw new ReceiptFileError('UNKNOWN_VERSION', `this reads receipt files of version ${VERSION}, and the file has another`);
  }
  const file: ReceiptFile = {
    genesisHash: reader.base58('genesis_hash', 32),
    program: reader.base58('program', 32),
    house: reader.base58('house', 32),
    owner: reader.base58('owner', 32),
    vault: reader.base58('vault', 32),
    bet: betOf(reader.object('bet')),
    receipt: keyedOf(reader.object('receipt'), RECEIPT_BYTES),
    seed: seedOf(reader.object('seed')),
    settlement: reader.raw('settlement') === null ? undefined : settlementOf(reader.object('settlement')),
  };
  reader.finish();
  // No field holds white space, so what is left of the text without it has one form: no doubled keys, no escapes, no other order.
  if (text.replaceAll(/[ \t\r\n]/g, '') !== JSON.stringify(receiptFileJson(file))) {
    throw new ReceiptFileError(
      'NOT_CANONICAL',
      'the fields are not written as the format has it: doubled, escaped or in another order',
    );
  }
  return file;
}

const keyedJson = ({ message, signature, key }: KeyedMessage) => ({ message: toHex(message), signature: toHex(signature), key });

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new ReceiptFileError('NOT_JSON', 'the file is not JSON');
  }
}

function betOf(reader: Fields): ReceiptFile['bet'] {
  const bet = {
    betNumber: reader.number('bet_number', { from: 1n, below: U64_LIMIT }),
    termsId: reader.small('terms_id'),
    stakeUnits: reader.number('stake_units', { from: 1n, below: STAKE_UNITS_LIMIT }),
    choice: reader.side('choice'),
    clientSeed: reader.field('client_seed'),
    headBefore: reader.field('head_before'),
    sessionKey: reader.hex('session_key', 64),
    signature: reader.hex('signature', 96),
  };
  reader.finish();
  return bet;
}

function keyedOf(reader: Fields, messageBytes: number): KeyedMessage {
  const keyed = {
    message: reader.hex('message', messageBytes),
    signature: reader.hex('signature', 64),
    key: reader.base58('key', 32),
  };
  reader.finish();
  return keyed;
}

function seedOf(reader: Fields): ReceiptFile['seed'] {
  const path = reader.raw('path');
  if (!Array.isArray(path) || path.length !== SEED_TREE_DEPTH) throw reader.bad('path', `a list of ${SEED_TREE_DEPTH} hashes`);
  const hashes = new Fields({ ...path }, `${reader.path}path.`);
  const seed = {
    path: path.map((_, index) => hashes.hex(String(index), 32)),
    commitment: keyedOf(reader.object('commitment'), COMMITMENT_BYTES),
  };
  reader.finish();
  return seed;
}

function settlementOf(reader: Fields): SettlementHint {
  const hint = {
    batchNumber: reader.number('batch', { from: 1n, below: U64_LIMIT }),
    signature: reader.base58('signature', 64),
    blobCid: reader.matching('blob_cid', { pattern: /^b[a-z2-7]{58}$/, expected: 'a CID in base32' }),
    blob: reader.raw('blob') === null ? undefined : reader.anyHex('blob', MAX_BLOB_BYTES),
  };
  reader.finish();
  return hint;
}
