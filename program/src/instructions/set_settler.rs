//! `set_settler`: names the key that settles, at once: a lost or stolen one must be replaceable without a wait, and a settler
//! can move nobody's money but by proven batches.
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
    let settler = reader.array::<32>()?;
    reader.finish()?;
    require(settler != &[0; 32], CasinoError::ZeroSettler)?;

    let [authority, house_account] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;
    house.settler = *settler;
    event::emit(event::SETTLER_SET, house_address.as_array(), &[settler]);
    Ok(())
}
