//! Events: one `sol_log_data` field each, beginning with an 8-byte tag (layouts, section 8).
use crate::{constants::MAX_VAULTS, syscalls::log_data};

pub const VAULT_OPENED: &[u8; 8] = b"evopen\0\0";
pub const DEPOSITED: &[u8; 8] = b"evdepos\0";
pub const WITHDRAWAL_REQUESTED: &[u8; 8] = b"evreqst\0";
pub const CLAIMED: &[u8; 8] = b"evclaim\0";
pub const HOUSE_FUNDED: &[u8; 8] = b"evfund\0\0";
pub const BATCH_SETTLED: &[u8; 8] = b"evbatch\0";
pub const TRANSFERS_SETTLED: &[u8; 8] = b"evtrans\0";
pub const VAULT_EXITED: &[u8; 8] = b"evexit\0\0";
pub const SESSION_KEY_ROTATED: &[u8; 8] = b"evrotat\0";
pub const CHALLENGE_OPENED: &[u8; 8] = b"evchall\0";
pub const CHALLENGE_OVERDUE: &[u8; 8] = b"evchdue\0";
pub const VERIFYING_KEY_RETIRED: &[u8; 8] = b"evretir\0";
pub const HOUSE_WITHDRAWAL_REQUESTED: &[u8; 8] = b"evhoreq\0";
pub const HOUSE_PAID: &[u8; 8] = b"evhopay\0";
pub const SETTLER_SET: &[u8; 8] = b"evsettl\0";
pub const CHANGE_SCHEDULED: &[u8; 8] = b"evsched\0";
pub const CHANGE_APPLIED: &[u8; 8] = b"evapply\0";
pub const PAUSED_SET: &[u8; 8] = b"evpause\0";

/// Bytes of `BATCH_SETTLED`, the largest: its head, the outcomes, and an entry for each of the most vaults the program allows.
const CAPACITY: usize = 97 + 32 + 74 * MAX_VAULTS as usize;

/// Room for any event. It lies in the caller's frame, so that no move copies it.
pub type Buffer = [u8; CAPACITY];
pub const EMPTY: Buffer = [0; CAPACITY];

/// An event being written.
pub struct Event<'a> {
    bytes: &'a mut Buffer,
    length: usize,
}

impl<'a> Event<'a> {
    #[inline(always)]
    pub fn new(bytes: &'a mut Buffer, tag: &[u8; 8]) -> Self {
        let mut event = Self { bytes, length: 0 };
        event.put(tag);
        event
    }

    #[inline(always)]
    pub fn put(&mut self, field: &[u8]) -> &mut Self {
        let end = self.length.wrapping_add(field.len());
        self.bytes[self.length..end].copy_from_slice(field);
        self.length = end;
        self
    }

    #[inline(always)]
    pub fn put_u64(&mut self, value: u64) -> &mut Self {
        self.put(&value.to_le_bytes())
    }

    /// Overwrites a `u64` put earlier.
    #[inline(always)]
    pub fn set_u64(&mut self, offset: usize, value: u64) {
        self.bytes[offset..offset.wrapping_add(8)].copy_from_slice(&value.to_le_bytes());
    }

    #[inline(always)]
    pub fn emit(&self) {
        log_data(&self.bytes[..self.length]);
    }
}

/// Writes a small event: tag, house, then the fields of `rest`, at most 168 bytes in all.
#[inline(never)]
pub fn emit(tag: &[u8; 8], house: &[u8; 32], rest: &[&[u8]]) {
    let mut bytes = [0u8; 8 + 5 * 32];
    bytes[..8].copy_from_slice(tag);
    bytes[8..40].copy_from_slice(house);
    let mut end = 40usize;
    for field in rest {
        let start = end;
        end = end.wrapping_add(field.len());
        bytes[start..end].copy_from_slice(field);
    }
    log_data(&bytes[..end]);
}
