//! `claim`: pays what is claimable to the vault's owner, and nowhere else. Anyone may send it; a frozen vault's is paid as well.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_system_program, require_writable},
    data::Reader,
    error::{require, sub, CasinoError},
    escrow, event, state,
    state::{House, Vault},
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [owner, house_account, vault_account, escrow_account, system_program] = exactly(accounts)?;
    require_writable(owner, CasinoError::ReadonlyOwner)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    escrow::check(escrow_account, &house, &house_address, program_id)?;

    let amount = vault.claimable;
    require(amount > 0, CasinoError::ZeroClaimable)?;
    // Checked before as well as after: a shortfall is this error, not the system program's.
    escrow::require_covered(escrow_account, house.liabilities)?;
    vault.claimable = 0;
    house.liabilities = sub(house.liabilities, amount)?;
    escrow::pay(escrow_account, owner, (&house_address, house.escrow_bump), amount)?;
    escrow::require_covered(escrow_account, house.liabilities)?;
    event::emit(event::CLAIMED, house_address.as_array(), &[vault_address.as_ref(), &amount.to_le_bytes()]);
    Ok(())
}
