//! `claim`: pays what is claimable to the vault's owner, or to the owner's associated token account, and nowhere else. Anyone may
//! send it; a frozen vault's is paid as well.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::require_address,
    data::Reader,
    error::{require, sub, CasinoError},
    escrow::{Outflow, Place},
    event, state,
    state::{House, Vault},
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [owner, house_account, vault_account, others @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    let place = Place { house: &house, address: &house_address, program_id };
    require(owner.is_writable() || !house.is_native(), CasinoError::ReadonlyOwner)?;
    let outflow = Outflow::open(owner, others, &place)?;

    let amount = vault.claimable;
    require(amount > 0, CasinoError::ZeroClaimable)?;
    vault.claimable = 0;
    outflow.pay(amount, house.liabilities)?;
    house.liabilities = sub(house.liabilities, amount)?;
    event::emit(event::CLAIMED, house_address.as_array(), &[vault_address.as_ref(), &amount.to_le_bytes()]);
    Ok(())
}
