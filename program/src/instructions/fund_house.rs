//! `fund_house`: anyone adds to the bankroll.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    data::Reader,
    error::{add, CasinoError},
    escrow::{Inflow, Place},
    event, state,
    state::House,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let amount = reader.u64()?;
    reader.finish()?;

    let [payer, house_account, others @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let place = Place { house: &house, address: &house_address, program_id };
    let inflow = Inflow::open(payer, others, &place)?;

    let credited = inflow.take(amount)?;
    house.balance = add(house.balance, credited)?;
    house.liabilities = add(house.liabilities, credited)?;
    inflow.holding.require_covered(house.liabilities)?;
    event::emit(event::HOUSE_FUNDED, house_address.as_array(), &[&credited.to_le_bytes()]);
    Ok(())
}
