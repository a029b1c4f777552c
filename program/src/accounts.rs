//! What is checked of accounts before their contents: count, signatures, addresses; and the creation of derived accounts.
use pinocchio::{
    cpi::{Seed, Signer},
    error::ProgramError,
    AccountView, Address, ProgramResult,
};
use pinocchio_system::instructions::{Allocate, Assign, CreateAccount, Transfer};

use crate::{
    error::{require, CasinoError},
    syscalls,
    sysvars::rent_minimum,
};

/// Exactly N accounts, or `WRONG_ACCOUNT_COUNT`.
#[inline(always)]
pub fn exactly<const N: usize>(accounts: &mut [AccountView]) -> Result<&mut [AccountView; N], ProgramError> {
    accounts.try_into().map_err(|_| CasinoError::WrongAccountCount.into())
}

#[inline(always)]
pub fn require_signer(account: &AccountView, error: CasinoError) -> ProgramResult {
    require(account.is_signer(), error)
}

#[inline(always)]
pub fn require_writable(account: &AccountView, error: CasinoError) -> ProgramResult {
    require(account.is_writable(), error)
}

#[inline(always)]
pub fn require_address(account: &AccountView, address: &[u8; 32], error: CasinoError) -> ProgramResult {
    require(account.address().as_array() == address, error)
}

#[inline(always)]
pub fn require_system_program(account: &AccountView) -> ProgramResult {
    require(account.address() == &pinocchio_system::ID, CasinoError::WrongSystemProgram)
}

/// A signer that pays: it must have signed and be writable.
#[inline(always)]
pub fn require_payer(account: &AccountView) -> ProgramResult {
    require_signer(account, CasinoError::MissingPayerSignature)?;
    require_writable(account, CasinoError::ReadonlyPayer)
}

/// The address that three seeds (an unused one empty) and a known bump derive.
///
/// The bump was found by the canonical search when the account was made, so the result is known to be off the curve and one
/// hash replaces the search.
#[inline(never)]
pub fn derive(seeds: [&[u8]; 3], bump: u8, program_id: &Address) -> Result<[u8; 32], ProgramError> {
    let mut out = [0u8; 32];
    let [first, second, third] = seeds;
    let parts: [&[u8]; 6] = [first, second, third, &[bump], program_id.as_ref(), b"ProgramDerivedAddress"];
    require(syscalls::sha256(&parts, &mut out), CasinoError::UnavailableSha256)?;
    Ok(out)
}

/// Checks that the account lies at the canonical derived address of the seeds; returns its bump.
#[inline(always)]
pub fn require_canonical(
    account: &AccountView,
    seeds: &[&[u8]],
    program_id: &Address,
    error: CasinoError,
) -> Result<u8, ProgramError> {
    let mut address = [0u8; 32];
    let mut bump = 0u8;
    require(syscalls::find_program_address(seeds, program_id.as_array(), &mut address, &mut bump), error)?;
    require_address(account, &address, error)?;
    Ok(bump)
}

/// A derived account about to be made: who pays, where it goes, and under which seeds.
pub struct Creation<'a> {
    pub payer: &'a AccountView,
    pub account: &'a AccountView,
    pub program_id: &'a Address,
    pub seeds: [&'a [u8]; 3],
    pub size: usize,
    pub wrong_address: CasinoError,
    pub existing: CasinoError,
}

impl Creation<'_> {
    /// Makes the account, owned by this program, zeroed; returns its canonical bump.
    ///
    /// Lamports that someone sent to the address beforehand do not stop it: `create_account` refuses such an address, so it is
    /// topped up, allocated and assigned instead.
    #[inline(never)]
    pub fn run(&self) -> Result<u8, ProgramError> {
        let bump = require_canonical(self.account, &self.seeds, self.program_id, self.wrong_address)?;
        require(self.account.owned_by(&pinocchio_system::ID) && self.account.is_data_empty(), self.existing)?;

        let minimum = rent_minimum(self.size)?;
        let present = self.account.lamports();
        let missing = minimum.saturating_sub(present);
        require(self.payer.lamports() >= missing, CasinoError::InsufficientPayerFunds)?;

        let bump_seed = [bump];
        let [first, second, third] = self.seeds;
        let seeds = [Seed::from(first), Seed::from(second), Seed::from(third), Seed::from(&bump_seed)];
        let signers = [Signer::from(&seeds)];
        let (from, to, space) = (self.payer, self.account, self.size as u64);
        if present == 0 {
            CreateAccount { from, to, lamports: minimum, space, owner: self.program_id }
                .invoke_signed(&signers)?;
        } else {
            if missing > 0 {
                Transfer { from, to, lamports: missing }.invoke()?;
            }
            Allocate { account: to, space }.invoke_signed(&signers)?;
            Assign { account: to, owner: self.program_id }.invoke_signed(&signers)?;
        }
        Ok(bump)
    }
}
