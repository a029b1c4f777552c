//! `request_house_withdrawal`: the authority announces that it takes from the bankroll. Bettors have `changeDelaySlots` to see it.
//! A new request replaces the open one and starts the wait anew; an amount of zero withdraws it.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{add, require, CasinoError},
    event, state,
    state::House,
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let amount = reader.u64()?;
    reader.finish()?;

    let [authority, house_account] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;

    let from = if amount == 0 {
        require(house.request_amount > 0, CasinoError::EmptyHouseRequest)?;
        0
    } else {
        add(slot()?, house.change_delay_slots)?
    };
    house.request_amount = amount;
    house.request_slot = from;
    let fields: [&[u8]; 2] = [&amount.to_le_bytes(), &from.to_le_bytes()];
    event::emit(event::HOUSE_WITHDRAWAL_REQUESTED, house_address.as_array(), &fields);
    Ok(())
}
