//! The house: one operator and mint, its bankroll, its counters, and what it owes.
use pinocchio::{error::ProgramError, Address};

use super::{Header, Held, State, StateErrors};
use crate::{
    accounts::derive,
    assert_layout,
    constants::HOUSE_SEED,
    error::{require, sub, CasinoError},
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
    pub unused: [u8; 96],
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
    496: unused,
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
    /// Refuses a house that takes no new vaults or deposits.
    pub fn require_open(&self) -> Result<(), ProgramError> {
        require(self.paused == 0, CasinoError::PausedHouse)
    }

    /// Refuses a process that is not the present leader.
    pub fn require_leader(&self, epoch: u64, nonce: u64) -> Result<(), ProgramError> {
        require(epoch == self.leader_epoch && nonce == self.leader_nonce, CasinoError::WrongLeaderPair)
    }

    /// Takes back what ended challenges held.
    pub fn release(&mut self, held: Held) -> Result<(), ProgramError> {
        self.reserved = sub(self.reserved, held.reserved)?;
        self.overdue = sub(self.overdue, held.overdue)?;
        Ok(())
    }
}
