//! `force_exit`: the owner leaves with everything once its request is past its deadline and unpaid, whatever the operator does.
//! No lamports move here, so nothing but the signature can be lacking; `claim` then pays. Frozen is for ever.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{require, CasinoError},
    event, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [owner, house_account, vault_account] = exactly(accounts)?;
    require_signer(owner, CasinoError::MissingOwnerSignature)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    vault.require_not_frozen()?;
    require(vault.request_amount > 0, CasinoError::EmptyRequest)?;
    require(slot()? > vault.request_deadline, CasinoError::InactiveExit)?;

    house.release(vault.end_challenge())?;
    let amount = vault.exit()?;
    let fields: [&[u8]; 3] = [vault_address.as_ref(), &amount.to_le_bytes(), &vault.last_bet.to_le_bytes()];
    event::emit(event::VAULT_EXITED, house_address.as_array(), &fields);
    Ok(())
}
