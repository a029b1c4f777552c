//! `request_withdrawal`: the owner asks for an amount. One request at a time, never changed or cancelled, and with its own deadline.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{add, require, CasinoError},
    event, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let amount = reader.u64()?;
    reader.finish()?;
    require(amount > 0, CasinoError::ZeroAmount)?;

    let [owner, house_account, vault_account] = exactly(accounts)?;
    require_signer(owner, CasinoError::MissingOwnerSignature)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let house = state::load::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    vault.require_not_frozen()?;
    require(vault.request_amount == 0, CasinoError::ExistingRequest)?;

    let deadline = add(slot()?, house.exit_delay_slots)?;
    vault.request_amount = amount;
    vault.request_deadline = deadline;
    let fields: [&[u8]; 3] = [vault_address.as_ref(), &amount.to_le_bytes(), &deadline.to_le_bytes()];
    event::emit(event::WITHDRAWAL_REQUESTED, house_address.as_array(), &fields);
    Ok(())
}
