//! The escrow: a system-owned address derived from the house, holding every lamport owed to vaults and house.
use pinocchio::{
    cpi::{Seed, Signer},
    error::ProgramError,
    AccountView, Address, ProgramResult,
};
use pinocchio_system::instructions::Transfer;

use crate::{
    accounts::{derive, require_address, require_writable},
    constants::ESCROW_SEED,
    error::{require, sub, CasinoError},
    state::House,
    sysvars::rent_minimum,
};

/// Checks that the account is this house's escrow, and writable.
pub fn check(
    escrow: &AccountView,
    house: &House,
    house_address: &Address,
    program_id: &Address,
) -> ProgramResult {
    let address = derive([ESCROW_SEED, house_address.as_ref(), &[]], house.escrow_bump, program_id)?;
    require_address(escrow, &address, CasinoError::WrongEscrowAddress)?;
    require_writable(escrow, CasinoError::ReadonlyEscrow)
}

/// Moves lamports in and returns what the escrow gained, as measured there.
pub fn take(payer: &AccountView, escrow: &AccountView, amount: u64) -> Result<u64, ProgramError> {
    require(amount > 0, CasinoError::ZeroAmount)?;
    require(payer.lamports() >= amount, CasinoError::InsufficientPayerFunds)?;
    let before = escrow.lamports();
    Transfer { from: payer, to: escrow, lamports: amount }.invoke()?;
    sub(escrow.lamports(), before)
}

/// Moves lamports out, signed by the escrow's own seeds.
pub fn pay(escrow: &AccountView, to: &AccountView, house: (&Address, u8), amount: u64) -> ProgramResult {
    let (house_address, bump) = house;
    let bump_seed = [bump];
    let seeds = [Seed::from(ESCROW_SEED), Seed::from(house_address.as_ref()), Seed::from(&bump_seed)];
    Transfer { from: escrow, to, lamports: amount }.invoke_signed(&[Signer::from(&seeds)])
}

/// Checks that the escrow, above its rent minimum, covers what is owed. More (a donation) is no discrepancy.
pub fn require_covered(escrow: &AccountView, liabilities: u64) -> ProgramResult {
    let above_rent = escrow.lamports().checked_sub(rent_minimum(0)?);
    require(above_rent.is_some_and(|lamports| lamports >= liabilities), CasinoError::InsufficientEscrow)
}
