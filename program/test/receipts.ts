import { ed25519 } from '@noble/curves/ed25519.js';
import type { Address } from '@solana/kit';
import { encodeReceipt, type Receipt } from '../../protocol/messages.ts';
import { receiptCheck } from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import { LAMPORTS_PER_SOL } from './chain.ts';
import { DOMAIN, type TestHouse } from './world.ts';

/** What a receipt says otherwise than the plain one, and the key that signs it. */
export type ReceiptPlan = Partial<Receipt> & { secret?: Uint8Array };

/** A receipt of the house for the vault: bet 1, with a promise of 6 SOL. */
export function receiptBytes(house: { address: Address }, vault: { address: Address }, plan: ReceiptPlan = {}): Uint8Array {
  const { secret, ...fields } = plan;
  return encodeReceipt({
    domain: DOMAIN,
    house: addressBytes(house.address),
    vault: addressBytes(vault.address),
    termsId: 1,
    betNumber: 1n,
    head: 3n,
    serverSeed: 4n,
    outcome: 1,
    stake: LAMPORTS_PER_SOL,
    payout: 2n * LAMPORTS_PER_SOL,
    balanceAfter: 6n * LAMPORTS_PER_SOL,
    time: 5n,
    ...fields,
  });
}

/** The instruction that verifies such a receipt, signed by the house's receipt key unless the plan names another. */
export function receiptFor(house: TestHouse, vault: { address: Address }, plan: ReceiptPlan = {}) {
  const { secret = house.receiptSecret } = plan;
  const receipt = receiptBytes(house, vault, plan);
  return receiptCheck({ receiptKey: ed25519.getPublicKey(secret), signature: ed25519.sign(receipt, secret), receipt });
}
