//! `pay_house_withdrawal`: pays the house's open request to its authority, as far as the bankroll is not reserved by challenges.
//! The program does not know the unsettled bets: the operator sends it only when the rest covers them.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer, require_system_program, require_writable},
    data::Reader,
    error::{require, sub, CasinoError},
    escrow, event, state,
    state::House,
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [authority, house_account, escrow_account, system_program] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    require_writable(authority, CasinoError::ReadonlyAuthority)?;
    require_system_program(system_program)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    escrow::check(escrow_account, &house, &house_address, program_id)?;

    let amount = payable(&house, slot()?)?;
    escrow::require_covered(escrow_account, house.liabilities)?;
    house.balance = sub(house.balance, amount)?;
    house.liabilities = sub(house.liabilities, amount)?;
    house.request_amount = 0;
    house.request_slot = 0;
    escrow::pay(escrow_account, authority, (&house_address, house.escrow_bump), amount)?;
    escrow::require_covered(escrow_account, house.liabilities)?;
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
