//! `pay_house_withdrawal`: pays the house's open request to its authority, or to the authority's associated token account, as far as
//! the bankroll is not reserved by challenges.
//! The program does not know the unsettled bets: the operator sends it only when the rest covers them.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{require_address, require_signer},
    data::Reader,
    error::{require, sub, CasinoError},
    escrow::{Outflow, Place},
    event, state,
    state::House,
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [authority, house_account, others @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    let place = Place { house: &house, address: &house_address, program_id };
    require(authority.is_writable() || !house.is_native(), CasinoError::ReadonlyAuthority)?;
    let outflow = Outflow::open(authority, others, &place)?;

    let amount = payable(&house, slot()?)?;
    outflow.pay(amount, house.liabilities)?;
    house.balance = sub(house.balance, amount)?;
    house.liabilities = sub(house.liabilities, amount)?;
    house.request_amount = 0;
    house.request_slot = 0;
    event::emit(event::HOUSE_PAID, house_address.as_array(), &[&amount.to_le_bytes()]);
    Ok(())
}

/// What the open request pays in this slot. Never zero: a request that would pay nothing is kept.
fn payable(house: &House, now: u64) -> Result<u64, ProgramError> {
    require(house.request_amount > 0, CasinoError::EmptyHouseRequest)?;
    let late = now.checked_sub(house.request_slot).ok_or(CasinoError::InactiveHouseRequest)?;
    require(late <= house.exit_delay_slots, CasinoError::StaleHouseRequest)?;
    require(house.overdue == 0, CasinoError::ExistingOverdueChallenge)?;
    let amount = house.request_amount.min(house.balance.saturating_sub(house.reserved));
    require(amount > 0, CasinoError::ZeroPayment)?;
    Ok(amount)
}
