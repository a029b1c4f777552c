//! `retire_verifying_key`: sets, once and for ever, the slot from which a key settles nothing. Once bettors are in, it is
//! `changeDelaySlots` away, so that what they bet before can still be settled.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    constants::NEVER,
    data::Reader,
    error::{require, CasinoError},
    event, state,
    state::{House, VerifyingKey},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [authority, house_account, key_account] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let house = state::load::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    let mut key = state::load_mut::<VerifyingKey>(key_account, program_id)?;
    key.require_house(&house_address)?;
    require(key.retired_from_slot == NEVER, CasinoError::ExistingRetirement)?;

    let from = house.key_change_slot(slot()?)?;
    key.retired_from_slot = from;
    let fields: [&[u8]; 2] = [&key.id.to_le_bytes(), &from.to_le_bytes()];
    event::emit(event::VERIFYING_KEY_RETIRED, house_address.as_array(), &fields);
    Ok(())
}
