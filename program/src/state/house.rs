//! The house: one operator and mint, its bankroll, its counters, and what it owes.
use pinocchio::{error::ProgramError, Address};

use super::{Header, Held, State, StateErrors};
use crate::{
    accounts::derive,
    assert_layout,
    constants::{
        CHANGE_AUTHORITY, CHANGE_RECEIPT_KEY, HOUSE_SEED, MAX_CHANGE_DELAY_SLOTS, MAX_EXIT_DELAY_SLOTS,
        MIN_EXIT_DELAY_SLOTS, NATIVE_MINT,
    },
    error::{add, require, sub, CasinoError},
    field::Fr,
};

#[repr(C)]
pub struct House {
    pub header: Header,
    pub escrow_bump: u8,
    pub paused: u8,
    /// 0: none yet; ids count from 1.
    pub current_terms: u32,
    pub creator: [u8; 32],
    pub authority: [u8; 32],
    pub settler: [u8; 32],
    pub receipt_key: [u8; 32],
    pub previous_receipt_key: [u8; 32],
    pub receipt_key_slot: u64,
    pub mint: [u8; 32],
    pub domain: Fr,
    pub balance: u64,
    pub request_amount: u64,
    pub request_slot: u64,
    pub claimable: u64,
    /// The sum, over vaults and house, of balance, pending deposit and claimable: exactly.
    pub liabilities: u64,
    pub reserved: u64,
    pub overdue: u64,
    pub last_batch: u64,
    pub last_transfer: u64,
    pub last_blob_hash: [u8; 32],
    pub leader_epoch: u64,
    pub leader_nonce: u64,
    pub exit_delay_slots: u64,
    pub change_delay_slots: u64,
    pub vault_count: u64,
    pub pending_authority: [u8; 32],
    pub pending_authority_slot: u64,
    pub pending_receipt_key: [u8; 32],
    pub pending_receipt_key_slot: u64,
    pub pending_exit_delay_slots: u64,
    pub pending_change_delay_slots: u64,
    pub pending_delays_slot: u64,
    /// The escrow's associated token account; zero for native lamports.
    pub escrow_token: [u8; 32],
    pub unused: [u8; 64],
}

assert_layout!(House, 592, {
    10: escrow_bump,
    11: paused,
    12: current_terms,
    16: creator,
    48: authority,
    80: settler,
    112: receipt_key,
    144: previous_receipt_key,
    176: receipt_key_slot,
    184: mint,
    216: domain,
    248: balance,
    256: request_amount,
    264: request_slot,
    272: claimable,
    280: liabilities,
    288: reserved,
    296: overdue,
    304: last_batch,
    312: last_transfer,
    320: last_blob_hash,
    352: leader_epoch,
    360: leader_nonce,
    368: exit_delay_slots,
    376: change_delay_slots,
    384: vault_count,
    392: pending_authority,
    424: pending_authority_slot,
    432: pending_receipt_key,
    464: pending_receipt_key_slot,
    472: pending_exit_delay_slots,
    480: pending_change_delay_slots,
    488: pending_delays_slot,
    496: escrow_token,
    528: unused,
});

// SAFETY: `repr(C)`, begins with `Header`, offsets asserted gapless above, plain integers and bytes.
unsafe impl State for House {
    const DISCRIMINATOR: [u8; 8] = *b"zkhouse\0";
    const ERRORS: StateErrors = StateErrors {
        readonly: CasinoError::ReadonlyHouse,
        program: CasinoError::WrongHouseProgram,
        size: CasinoError::WrongHouseSize,
        discriminator: CasinoError::WrongHouseDiscriminator,
        version: CasinoError::WrongHouseVersion,
        address: CasinoError::WrongHouseAddress,
        existing: CasinoError::ExistingHouse,
    };

    fn derived_address(&self, program_id: &Address) -> Result<[u8; 32], ProgramError> {
        derive([HOUSE_SEED, &self.creator, &self.mint], self.header.bump, program_id)
    }
}

impl House {
    /// Whether its money is native lamports, else an SPL token.
    pub fn is_native(&self) -> bool {
        self.mint == NATIVE_MINT
    }

    /// Refuses a house that takes no new vaults or deposits.
    pub fn require_open(&self) -> Result<(), ProgramError> {
        require(self.paused == 0, CasinoError::PausedHouse)
    }

    /// Refuses a process that is not the present leader.
    pub fn require_leader(&self, epoch: u64, nonce: u64) -> Result<(), ProgramError> {
        require(epoch == self.leader_epoch && nonce == self.leader_nonce, CasinoError::WrongLeaderPair)
    }

    /// Refuses a key other than the receipt key, and than the one before it for `changeDelaySlots` after it was replaced.
    pub fn require_receipt_key(&self, key: &[u8; 32], slot: u64) -> Result<(), ProgramError> {
        let is_in_time = slot <= self.receipt_key_slot.saturating_add(self.change_delay_slots);
        let is_known = key == &self.receipt_key || (is_in_time && key == &self.previous_receipt_key);
        // Zeros stand for no previous key, and some verifiers let anyone sign with them.
        require(is_known && key != &[0; 32], CasinoError::WrongReceiptKey)
    }

    /// Reserves what a receipt promises beyond what its vault holds; returns what that came to. No promise above everything the
    /// house owes can be kept, so the rest reserves nothing: else a receipt to an accomplice could fill the 64 bits, and no other
    /// challenge could be opened.
    pub fn reserve(&mut self, promised: u64) -> u64 {
        let reserved = promised.min(self.liabilities).min(u64::MAX.saturating_sub(self.reserved));
        self.reserved = self.reserved.saturating_add(reserved);
        reserved
    }

    /// Takes back what ended challenges held.
    pub fn release(&mut self, held: Held) -> Result<(), ProgramError> {
        self.reserved = sub(self.reserved, held.reserved)?;
        self.overdue = sub(self.overdue, held.overdue)?;
        Ok(())
    }

    /// The slot from which a new or retired verifying key counts: at once before the first vault, then `changeDelaySlots` later.
    pub fn key_change_slot(&self, now: u64) -> Result<u64, ProgramError> {
        if self.vault_count == 0 {
            Ok(now)
        } else {
            add(now, self.change_delay_slots)
        }
    }

    /// Refuses delays outside the program's bounds.
    pub fn require_delays(exit: u64, change: u64) -> Result<(), ProgramError> {
        require(
            (MIN_EXIT_DELAY_SLOTS..=MAX_EXIT_DELAY_SLOTS).contains(&exit),
            CasinoError::InvalidExitDelay,
        )?;
        let shortest_change = exit.wrapping_add(exit); // bounded just above
        require((shortest_change..=MAX_CHANGE_DELAY_SLOTS).contains(&change), CasinoError::InvalidChangeDelay)
    }

    /// The pending change of a known kind and its slot, 0 if there is none. Delays are `exit u64, change u64` and zeros.
    pub fn pending(&self, kind: u8) -> ([u8; 32], u64) {
        match kind {
            CHANGE_AUTHORITY => (self.pending_authority, self.pending_authority_slot),
            CHANGE_RECEIPT_KEY => (self.pending_receipt_key, self.pending_receipt_key_slot),
            _ => {
                let mut value = [0; 32];
                value[..8].copy_from_slice(&self.pending_exit_delay_slots.to_le_bytes());
                value[8..16].copy_from_slice(&self.pending_change_delay_slots.to_le_bytes());
                (value, self.pending_delays_slot)
            }
        }
    }

    /// Writes what `pending` reads.
    pub fn set_pending(&mut self, kind: u8, value: &[u8; 32], slot: u64) {
        match kind {
            CHANGE_AUTHORITY => {
                self.pending_authority = *value;
                self.pending_authority_slot = slot;
            }
            CHANGE_RECEIPT_KEY => {
                self.pending_receipt_key = *value;
                self.pending_receipt_key_slot = slot;
            }
            _ => {
                let (exit, change) = delays_of(value);
                self.pending_exit_delay_slots = exit;
                self.pending_change_delay_slots = change;
                self.pending_delays_slot = slot;
            }
        }
    }
}

/// The two delays, exit and change, in the value of a change of delays.
pub fn delays_of(value: &[u8; 32]) -> (u64, u64) {
    let mut exit = [0; 8];
    let mut change = [0; 8];
    exit.copy_from_slice(&value[..8]);
    change.copy_from_slice(&value[8..16]);
    (u64::from_le_bytes(exit), u64::from_le_bytes(change))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRESENT: [u8; 32] = [1; 32];
    const PREVIOUS: [u8; 32] = [2; 32];

    /// A house whose receipt key took over in slot 10, with a change delay of 5.
    fn house(previous: [u8; 32]) -> House {
        // SAFETY: any bytes are a valid house.
        let mut house: House = unsafe { core::mem::zeroed() };
        house.receipt_key = PRESENT;
        house.previous_receipt_key = previous;
        house.receipt_key_slot = 10;
        house.change_delay_slots = 5;
        house
    }

    /// The chain's ed25519 program refuses a zero key itself, so only this shows that the program does not lean on it.
    #[test]
    fn a_previous_receipt_key_counts_for_the_change_delay_and_zeros_are_none() {
        let changed = house(PREVIOUS);
        assert!(changed.require_receipt_key(&PREVIOUS, 15).is_ok());
        assert!(changed.require_receipt_key(&PREVIOUS, 16).is_err());
        assert!(changed.require_receipt_key(&PRESENT, u64::MAX).is_ok());
        assert!(house([0; 32]).require_receipt_key(&[0; 32], 15).is_err());
    }

    #[test]
    fn a_reservation_never_exceeds_the_liabilities_or_what_64_bits_have_left() {
        let mut house = house(PREVIOUS);
        house.liabilities = 100;
        assert_eq!((house.reserve(7), house.reserve(u64::MAX)), (7, 100));
        house.reserved = u64::MAX - 1;
        assert_eq!((house.reserve(7), house.reserve(7), house.reserved), (1, 0, u64::MAX));
    }
}
