//! `open_vault`: makes the owner's vault with its first session key. The owner signs, whoever pays.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_payer, require_signer, require_system_program},
    constants::{NEVER, VAULT_SEED},
    data::Reader,
    error::{add, require, CasinoError},
    event, field, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let session_key_hash = reader.array::<32>()?;
    reader.finish()?;
    require(session_key_hash != &[0; 32], CasinoError::ZeroSessionKey)?;
    require(field::is_canonical(session_key_hash), CasinoError::InvalidSessionKey)?;

    let [payer, owner, house_account, vault_account, system_program] = exactly(accounts)?;
    require_payer(payer)?;
    require_signer(owner, CasinoError::MissingOwnerSignature)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    house.require_open()?;
    house.vault_count = add(house.vault_count, 1)?;

    let owner_address = *owner.address();
    let vault_address = *vault_account.address();
    let seeds = [VAULT_SEED, house_address.as_ref(), owner_address.as_ref()];
    let mut vault = state::create::<Vault>(vault_account, payer, program_id, seeds)?;
    vault.owner = *owner_address.as_array();
    vault.house = *house_address.as_array();
    vault.account_id = field::account_id(&house.domain, vault_address.as_array())?;
    vault.keys[0].hash = *session_key_hash;
    vault.keys[0].from = slot()?;
    vault.keys[0].until = NEVER;

    let fields: [&[u8]; 4] =
        [vault_address.as_ref(), owner_address.as_ref(), &vault.account_id, session_key_hash];
    event::emit(event::VAULT_OPENED, house_address.as_array(), &fields);
    Ok(())
}
