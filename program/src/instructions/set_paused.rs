//! `set_paused`: stops new vaults and deposits, or takes them again. Settlement, withdrawals and exits never look at it.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{require, CasinoError},
    event, state,
    state::House,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let paused = reader.u8()?;
    reader.finish()?;
    require(paused <= 1, CasinoError::InvalidPaused)?;

    let [authority, house_account] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    house.paused = paused;
    event::emit(event::PAUSED_SET, house_address.as_array(), &[&[paused]]);
    Ok(())
}
