//! Limits that the program itself sets. The IDL repeats them; a test compares the two.

/// Every account layout's version.
pub const VERSION: u8 = 1;

/// Bounds of `exitDelaySlots`: about 10 minutes to a week.
pub const MIN_EXIT_DELAY_SLOTS: u64 = 1_500;
pub const MAX_EXIT_DELAY_SLOTS: u64 = 1_512_000;
/// `changeDelaySlots` is at least twice `exitDelaySlots`, and at most about a month.
pub const MAX_CHANGE_DELAY_SLOTS: u64 = 6_480_000;

/// A win pays at most a hundred times the stake.
pub const MAX_PROFIT_BPS: u32 = 1_000_000;

/// Outcome bits must fit one field element with room to spare.
pub const MAX_BETS: u16 = 250;
/// Vaults of one settlement: bounded by the event's buffer on the stack.
pub const MAX_VAULTS: u16 = 32;

/// The most that one `advance_epoch` may add.
pub const MAX_EPOCH_STEP: u64 = 65_536;

/// Kinds of change that wait `changeDelaySlots`.
pub const CHANGE_AUTHORITY: u8 = 0;
pub const CHANGE_RECEIPT_KEY: u8 = 1;
pub const CHANGE_DELAYS: u8 = 2;

/// Seeds of the program's derived addresses.
pub const HOUSE_SEED: &[u8] = b"house";
pub const TERMS_SEED: &[u8] = b"terms";
pub const VERIFYING_KEY_SEED: &[u8] = b"vk";
pub const VAULT_SEED: &[u8] = b"vault";
pub const ESCROW_SEED: &[u8] = b"escrow";

/// The mint that stands for native lamports.
pub const NATIVE_MINT: [u8; 32] = [0; 32];

/// A slot that never comes.
pub const NEVER: u64 = u64::MAX;
