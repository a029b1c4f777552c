import type { Address } from '@solana/kit';

/** The mint that stands for native lamports, which is the system program's address too. */
export const NATIVE_MINT = '11111111111111111111111111111111' as Address;
export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
export const ASSOCIATED_TOKEN_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as Address;
export const ED25519_PROGRAM = 'Ed25519SigVerify111111111111111111111111111' as Address;

/** Sizes in bytes. */
export const HOUSE_BYTES = 592;
export const TERMS_BYTES = 96;
export const VERIFYING_KEY_BYTES = 672;
export const VAULT_BYTES = 352;
export const KEY_BYTES = 576;
export const PROOF_BYTES = 128;

/** Where a vault's account names its house. */
export const VAULT_HOUSE_OFFSET = 48;

/** A slot that never comes. */
export const NEVER = 0xffff_ffff_ffff_ffffn;

/** Kinds of change that wait `changeDelaySlots`. */
export const CHANGE_AUTHORITY = 0;
export const CHANGE_RECEIPT_KEY = 1;
export const CHANGE_DELAYS = 2;
