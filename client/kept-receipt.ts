import { fieldToHex, toHex } from '../protocol/bytes.ts';
import { SEED_TREE_DEPTH } from '../protocol/constants.ts';
import { fieldFromBytes } from '../protocol/field.ts';
import type { ReceiptFile } from '../protocol/receipt-file.ts';
import { hexField, JsonReader, parseJson, type SignedBytes } from './parse.ts';

/** An answered bet as the store keeps it for good. */
export interface KeptReceipt {
  receipt: SignedBytes;
  /** The house's key that signed it, 32 bytes. */
  receiptKey: Uint8Array;
  /** The revealed seed's way to the committed root: checked once the bet counts as answered. */
  seedPath: Uint8Array[];
  bet: KeptBet;
}

/** What the bettor signed. */
export type KeptBet = ReceiptFile['bet'];

export function keptReceiptText({ receipt, receiptKey, seedPath, bet }: KeptReceipt): string {
  return JSON.stringify({
    message: toHex(receipt.message),
    signature: toHex(receipt.signature),
    receiptKey: toHex(receiptKey),
    seedPath: seedPath.map(toHex),
    bet: {
      betNumber: bet.betNumber.toString(),
      termsId: bet.termsId,
      stakeUnits: bet.stakeUnits.toString(),
      side: bet.choice === 1 ? 'heads' : 'tails',
      clientSeed: fieldToHex(bet.clientSeed),
      headBefore: fieldToHex(bet.headBefore),
      sessionKey: toHex(bet.sessionKey),
      signature: toHex(bet.signature),
    },
  });
}

/** Earlier versions kept the signed message alone: its bet is then undefined. Anything else throws. */
export function keptReceiptOf(text: string): KeptReceipt | { receipt: SignedBytes; bet: undefined } {
  const value = parseJson(text, 'receipt');
  const receipt = new JsonReader({ signed: value }, 'receipt').signed('signed');
  const reader = new JsonReader(value, 'receipt');
  if (!reader.has('bet')) return { receipt, bet: undefined };
  const bet = reader.object('bet');
  return {
    receipt,
    receiptKey: reader.hex('receiptKey', 32),
    seedPath: reader.list('seedPath', {
      most: SEED_TREE_DEPTH,
      read: (hash, path) => hexField(hash, { length: 32, path }),
    }),
    bet: {
      betNumber: bet.u64('betNumber'),
      termsId: bet.integer('termsId'),
      stakeUnits: bet.u64('stakeUnits'),
      choice: bet.side('side'),
      clientSeed: fieldFromBytes(bet.hex('clientSeed', 32)),
      headBefore: fieldFromBytes(bet.hex('headBefore', 32)),
      sessionKey: bet.hex('sessionKey', 64),
      signature: bet.hex('signature', 96),
    },
  };
}
