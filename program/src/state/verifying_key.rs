//! A verifying key: one circuit size's Groth16 key, immutable but for its retirement.
use pinocchio::{error::ProgramError, Address};

use super::{Header, State, StateErrors};
use crate::{
    accounts::derive,
    assert_layout,
    constants::VERIFYING_KEY_SEED,
    error::{require, CasinoError},
    groth16::KeyPoints,
};

#[repr(C)]
pub struct VerifyingKey {
    pub header: Header,
    pub id: u16,
    pub max_bets: u16,
    pub max_vaults: u16,
    pub house: [u8; 32],
    pub key_hash: [u8; 32],
    pub active_from_slot: u64,
    pub retired_from_slot: u64,
    pub key: KeyPoints,
}

assert_layout!(VerifyingKey, 672, {
    10: id,
    12: max_bets,
    14: max_vaults,
    16: house,
    48: key_hash,
    80: active_from_slot,
    88: retired_from_slot,
    96: key,
});

// SAFETY: `repr(C)`, begins with `Header`, offsets asserted gapless above, plain integers and bytes.
unsafe impl State for VerifyingKey {
    const DISCRIMINATOR: [u8; 8] = *b"zkvkey\0\0";
    const ERRORS: StateErrors = StateErrors {
        readonly: CasinoError::ReadonlyVerifyingKey,
        program: CasinoError::WrongVerifyingKeyProgram,
        size: CasinoError::WrongVerifyingKeySize,
        discriminator: CasinoError::WrongVerifyingKeyDiscriminator,
        version: CasinoError::WrongVerifyingKeyVersion,
        address: CasinoError::WrongVerifyingKeyAddress,
        existing: CasinoError::ExistingVerifyingKey,
    };

    fn derived_address(&self, program_id: &Address) -> Result<[u8; 32], ProgramError> {
        derive([VERIFYING_KEY_SEED, &self.house, &self.id.to_le_bytes()], self.header.bump, program_id)
    }
}

impl VerifyingKey {
    pub fn require_house(&self, house: &Address) -> Result<(), ProgramError> {
        require(&self.house == house.as_array(), CasinoError::WrongVerifyingKeyHouse)
    }

    /// Refuses the key before `activeFromSlot` and from `retiredFromSlot` on.
    pub fn require_active(&self, slot: u64) -> Result<(), ProgramError> {
        require(self.active_from_slot <= slot, CasinoError::InactiveVerifyingKey)?;
        require(slot < self.retired_from_slot, CasinoError::RetiredVerifyingKey)
    }
}
