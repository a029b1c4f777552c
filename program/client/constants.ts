import type { Address } from '@solana/kit';

/** The mint that stands for native lamports: 32 zero bytes, which is the system program's address too. */
export const NATIVE_MINT = '11111111111111111111111111111111' as Address;

/** The classic Token program, whose mints alone a house may have, and the one that derives associated token accounts. */
export const TOKEN_PROGRAM = 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA' as Address;
export const ASSOCIATED_TOKEN_PROGRAM = 'ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL' as Address;

/** Layout version of every account. */
export const ACCOUNT_VERSION = 1;

/** Sizes of the accounts, in bytes. */
export const HOUSE_BYTES = 592;
export const TERMS_BYTES = 96;
export const VERIFYING_KEY_BYTES = 672;
export const VAULT_BYTES = 352;

/** Bytes of a verifying key and of a compressed proof. */
export const KEY_BYTES = 576;
export const PROOF_BYTES = 128;

/** Bounds of `exitDelaySlots`, and the upper one of `changeDelaySlots`, which is at least twice `exitDelaySlots`. */
export const MIN_EXIT_DELAY_SLOTS = 1_500n;
export const MAX_EXIT_DELAY_SLOTS = 1_512_000n;
export const MAX_CHANGE_DELAY_SLOTS = 6_480_000n;

export const MAX_PROFIT_BPS = 1_000_000;
/** Most bets and vaults of one batch, whatever the verifying key. */
export const MAX_BETS = 250;
export const MAX_VAULTS = 32;
/** The most that one `advance_epoch` may add. */
export const MAX_EPOCH_STEP = 65_536n;

/** Flags of one vault in a settlement. */
export const FLAG_KEY_SLOT = 1;
export const FLAG_PAY = 2;
export const FLAG_CONSUME = 4;

/** Kinds of change that wait `changeDelaySlots`. */
export const CHANGE_AUTHORITY = 0;
export const CHANGE_RECEIPT_KEY = 1;
export const CHANGE_DELAYS = 2;

/** A slot that never comes. */
export const NEVER = 0xffff_ffff_ffff_ffffn;
