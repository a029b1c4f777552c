//! `add_verifying_key`: stores the key of one circuit size. Once bettors are in, a new one waits `changeDelaySlots`.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer, require_system_program, require_writable},
    constants::{MAX_BETS, MAX_VAULTS, NEVER, VERIFYING_KEY_SEED},
    data::Reader,
    error::{require, CasinoError},
    groth16::KeyPoints,
    state,
    state::{House, VerifyingKey},
    syscalls,
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let id = reader.u16()?;
    let max_bets = reader.u16()?;
    let max_vaults = reader.u16()?;
    let key = reader.array::<576>()?;
    reader.finish()?;
    require((1..=MAX_BETS).contains(&max_bets), CasinoError::InvalidMaxBets)?;
    require((1..=MAX_VAULTS).contains(&max_vaults), CasinoError::InvalidMaxVaults)?;

    let [authority, house_account, key_account, system_program] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    require_writable(authority, CasinoError::ReadonlyAuthority)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let house = state::load::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    KeyPoints::from_bytes(key).check()?;

    let active_from_slot = house.key_change_slot(slot()?)?;
    let id_bytes = id.to_le_bytes();
    let seeds = [VERIFYING_KEY_SEED, house_address.as_ref(), id_bytes.as_slice()];
    let mut stored = state::create::<VerifyingKey>(key_account, authority, program_id, seeds)?;
    stored.id = id;
    stored.max_bets = max_bets;
    stored.max_vaults = max_vaults;
    stored.house = *house_address.as_array();
    require(syscalls::sha256(&[key], &mut stored.key_hash), CasinoError::UnavailableSha256)?;
    stored.active_from_slot = active_from_slot;
    stored.retired_from_slot = NEVER;
    stored.key.as_bytes_mut().copy_from_slice(key);
    Ok(())
}
