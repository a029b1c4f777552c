//! `deposit`: anyone pays into a vault. It counts once a settlement consumes it, so no deposit can invalidate a batch on its way.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    data::Reader,
    error::{add, require, CasinoError},
    escrow::{Inflow, Place},
    event, state,
    state::{House, Vault},
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let amount = reader.u64()?;
    let minimum = reader.u64()?;
    reader.finish()?;

    let [payer, house_account, vault_account, others @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    let place = Place { house: &house, address: &house_address, program_id };
    let inflow = Inflow::open(payer, others, &place)?;
    house.require_open()?;
    vault.require_not_frozen()?;

    let credited = inflow.take(amount)?;
    require(credited >= minimum, CasinoError::InsufficientDeposit)?;
    vault.pending_deposit = add(vault.pending_deposit, credited)?;
    house.liabilities = add(house.liabilities, credited)?;
    inflow.holding.require_covered(house.liabilities)?;
    event::emit(
        event::DEPOSITED,
        house_address.as_array(),
        &[vault_address.as_ref(), &credited.to_le_bytes()],
    );
    Ok(())
}
