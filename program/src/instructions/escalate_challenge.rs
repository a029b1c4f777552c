//! `escalate_challenge`: counts a challenge that the house left unanswered for `exitDelaySlots`. Anyone may send it; until the bet is
//! settled, or the vault exits, the house is paid nothing.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::exactly,
    data::Reader,
    error::{add, require, CasinoError},
    event, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [house_account, vault_account] = exactly(accounts)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require(vault.challenge_bet > 0, CasinoError::EmptyChallenge)?;
    require(vault.challenge_overdue == 0, CasinoError::ExistingEscalation)?;
    require(vault.challenge_bet > vault.last_bet, CasinoError::StaleReceipt)?;
    let answered_by = add(vault.challenge_slot, house.exit_delay_slots)?;
    require(slot()? > answered_by, CasinoError::InactiveEscalation)?;

    vault.challenge_overdue = 1;
    house.overdue = add(house.overdue, 1)?;
    let fields: [&[u8]; 2] = [vault_address.as_ref(), &vault.challenge_bet.to_le_bytes()];
    event::emit(event::CHALLENGE_OVERDUE, house_address.as_array(), &fields);
    Ok(())
}
