//! `fund_house`: anyone adds to the bankroll.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_payer, require_system_program},
    data::Reader,
    error::add,
    escrow, event, state,
    state::House,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let amount = reader.u64()?;
    reader.finish()?;

    let [payer, house_account, escrow_account, system_program] = exactly(accounts)?;
    require_payer(payer)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    escrow::check(escrow_account, &house, &house_address, program_id)?;

    let credited = escrow::take(payer, escrow_account, amount)?;
    house.balance = add(house.balance, credited)?;
    house.liabilities = add(house.liabilities, credited)?;
    escrow::require_covered(escrow_account, house.liabilities)?;
    event::emit(event::HOUSE_FUNDED, house_address.as_array(), &[&credited.to_le_bytes()]);
    Ok(())
}
