//! `rotate_session_key`: the owner names its next session key. The present one stays valid for `exitDelaySlots` after the new one
//! starts, so a batch of bets under it that is on its way still lands.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{add, require, CasinoError},
    event, field, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let session_key_hash = reader.array::<32>()?;
    let from = reader.u64()?;
    reader.finish()?;
    require(session_key_hash != &[0; 32], CasinoError::ZeroSessionKey)?;
    require(field::is_canonical(session_key_hash), CasinoError::InvalidSessionKey)?;

    let [owner, house_account, vault_account] = exactly(accounts)?;
    require_signer(owner, CasinoError::MissingOwnerSignature)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let house = state::load::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    vault.require_not_frozen()?;

    let now = slot()?;
    let latest = add(now, house.change_delay_slots)?;
    require((now..=latest).contains(&from), CasinoError::InvalidKeyStart)?;
    let until = add(from, house.exit_delay_slots)?;
    vault.rotate_key(session_key_hash, (from, until), now)?;

    let fields: [&[u8]; 4] =
        [vault_address.as_ref(), session_key_hash, &from.to_le_bytes(), &until.to_le_bytes()];
    event::emit(event::SESSION_KEY_ROTATED, house_address.as_array(), &fields);
    Ok(())
}
