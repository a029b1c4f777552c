//! Terms: immutable odds and randomness that bets name.
use pinocchio::{error::ProgramError, Address};

use super::{Header, State, StateErrors};
use crate::{
    accounts::derive,
    assert_layout,
    constants::TERMS_SEED,
    error::{require, CasinoError},
    field::Fr,
};

#[repr(C)]
pub struct Terms {
    pub header: Header,
    pub unused_10: [u8; 2],
    pub id: u32,
    pub house: [u8; 32],
    pub vrf_commitment: Fr,
    pub profit_bps: u32,
    pub unused_84: [u8; 4],
    pub opened_slot: u64,
}

assert_layout!(Terms, 96, {
    10: unused_10,
    12: id,
    16: house,
    48: vrf_commitment,
    80: profit_bps,
    84: unused_84,
    88: opened_slot,
});

// SAFETY: `repr(C)`, begins with `Header`, offsets asserted gapless above, plain integers and bytes.
unsafe impl State for Terms {
    const DISCRIMINATOR: [u8; 8] = *b"zkterms\0";
    const ERRORS: StateErrors = StateErrors {
        readonly: CasinoError::ReadonlyTerms,
        program: CasinoError::WrongTermsProgram,
        size: CasinoError::WrongTermsSize,
        discriminator: CasinoError::WrongTermsDiscriminator,
        version: CasinoError::WrongTermsVersion,
        address: CasinoError::WrongTermsAddress,
        existing: CasinoError::ExistingTerms,
    };

    fn derived_address(&self, program_id: &Address) -> Result<[u8; 32], ProgramError> {
        derive([TERMS_SEED, &self.house, &self.id.to_le_bytes()], self.header.bump, program_id)
    }
}

impl Terms {
    pub fn require_house(&self, house: &Address) -> Result<(), ProgramError> {
        require(&self.house == house.as_array(), CasinoError::WrongTermsHouse)
    }
}
