//! `add_terms`: opens the next terms. Older ones stay settleable for ever.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer, require_system_program, require_writable},
    constants::{MAX_PROFIT_BPS, TERMS_SEED},
    data::Reader,
    error::{require, CasinoError},
    field, state,
    state::{House, Terms},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let id = reader.u32()?;
    let vrf_commitment = reader.array::<32>()?;
    let profit_bps = reader.u32()?;
    reader.finish()?;
    require(vrf_commitment != &[0; 32], CasinoError::ZeroVrfCommitment)?;
    require(field::is_canonical(vrf_commitment), CasinoError::InvalidVrfCommitment)?;
    require((1..=MAX_PROFIT_BPS).contains(&profit_bps), CasinoError::InvalidProfit)?;

    let [authority, house_account, terms_account, system_program] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    require_writable(authority, CasinoError::ReadonlyAuthority)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    require(house.current_terms.checked_add(1) == Some(id), CasinoError::WrongTermsId)?;

    let id_bytes = id.to_le_bytes();
    let seeds = [TERMS_SEED, house_address.as_ref(), id_bytes.as_slice()];
    let mut terms = state::create::<Terms>(terms_account, authority, program_id, seeds)?;
    terms.id = id;
    terms.house = *house_address.as_array();
    terms.vrf_commitment = *vrf_commitment;
    terms.profit_bps = profit_bps;
    terms.opened_slot = slot()?;
    house.current_terms = id;
    Ok(())
}
