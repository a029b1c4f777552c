//! The escrow: an address derived from the house that holds all that is owed to vaults and house. For native lamports they lie
//! there; for an SPL token they lie in its associated token account, which the house names.
use pinocchio::{
    cpi::{Seed, Signer},
    error::ProgramError,
    AccountView, Address, ProgramResult,
};
use pinocchio_system::instructions::Transfer;

use crate::{
    accounts::{
        derive, require_address, require_payer, require_signer, require_system_program, require_writable,
    },
    constants::ESCROW_SEED,
    error::{require, sub, CasinoError},
    state::House,
    sysvars::rent_minimum,
    token::{self, TokenAccount},
};

/// A house and its address: what decides which accounts hold its money.
pub struct Place<'a> {
    pub house: &'a House,
    pub address: &'a Address,
    pub program_id: &'a Address,
}

impl Place<'_> {
    /// Checks that the account is this house's escrow.
    fn require_escrow(&self, escrow: &AccountView) -> ProgramResult {
        let seeds = [ESCROW_SEED, self.address.as_ref(), &[]];
        let address = derive(seeds, self.house.escrow_bump, self.program_id)?;
        require_address(escrow, &address, CasinoError::WrongEscrowAddress)
    }

    fn lamports<'a>(&self, escrow: &'a AccountView) -> Result<Holding<'a>, ProgramError> {
        self.require_escrow(escrow)?;
        require_writable(escrow, CasinoError::ReadonlyEscrow)?;
        Ok(Holding { account: escrow, native: true })
    }

    fn tokens<'a>(&self, account: &'a AccountView) -> Result<Holding<'a>, ProgramError> {
        require_address(account, &self.house.escrow_token, CasinoError::WrongEscrowTokenAddress)?;
        require_writable(account, CasinoError::ReadonlyTokenAccount)?;
        Ok(Holding { account, native: false })
    }
}

/// The account that holds a house's money: its address was checked, and for a token account its mint and owner when the house was
/// made, which nobody can change.
pub struct Holding<'a> {
    account: &'a AccountView,
    native: bool,
}

impl Holding<'_> {
    /// Lamports with those of the rent minimum, or tokens.
    fn amount(&self) -> Result<u64, ProgramError> {
        if self.native {
            Ok(self.account.lamports())
        } else {
            Ok(TokenAccount::load(self.account)?.amount())
        }
    }

    /// Checks that what is held, above the rent minimum, covers what is owed. More (a donation) is no discrepancy.
    pub fn require_covered(&self, liabilities: u64) -> ProgramResult {
        let rent = if self.native { rent_minimum(0)? } else { 0 };
        let free = self.amount()?.checked_sub(rent);
        require(free.is_some_and(|amount| amount >= liabilities), CasinoError::InsufficientEscrow)
    }
}

/// Money on its way in.
pub struct Inflow<'a> {
    payer: &'a AccountView,
    from: &'a AccountView,
    pub holding: Holding<'a>,
}

impl<'a> Inflow<'a> {
    /// `others` are, for native lamports, the escrow and the system program; for tokens, the payer's token account, the escrow's,
    /// and the Token program.
    #[inline(never)]
    pub fn open(
        payer: &'a AccountView,
        others: &'a [AccountView],
        place: &Place,
    ) -> Result<Self, ProgramError> {
        if place.house.is_native() {
            let [escrow, system_program] = others else { return Err(CasinoError::WrongAccountCount.into()) };
            require_payer(payer)?;
            require_system_program(system_program)?;
            return Ok(Self { payer, from: payer, holding: place.lamports(escrow)? });
        }
        let [from, to, token_program] = others else { return Err(CasinoError::WrongAccountCount.into()) };
        require_signer(payer, CasinoError::MissingPayerSignature)?;
        token::require_program(token_program)?;
        let holding = place.tokens(to)?;
        require_writable(from, CasinoError::ReadonlyTokenAccount)?;
        TokenAccount::load(from)?.require(&place.house.mint, payer.address().as_array())?;
        Ok(Self { payer, from, holding })
    }

    /// Moves the amount in and returns what the escrow gained, as measured there.
    #[inline(never)]
    pub fn take(&self, amount: u64) -> Result<u64, ProgramError> {
        require(amount > 0, CasinoError::ZeroAmount)?;
        let (from, to) = (self.from, self.holding.account);
        let before = self.holding.amount()?;
        if self.holding.native {
            require(from.lamports() >= amount, CasinoError::InsufficientPayerFunds)?;
            Transfer { from, to, lamports: amount }.invoke()?;
        } else {
            let available = TokenAccount::load(from)?.amount();
            require(available >= amount, CasinoError::InsufficientPayerFunds)?;
            token::transfer([from, to, self.payer], amount, &[])?;
        }
        sub(self.holding.amount()?, before)
    }
}

/// Money on its way out.
pub struct Outflow<'a> {
    house: &'a Address,
    bump: u8,
    escrow: &'a AccountView,
    to: &'a AccountView,
    pub holding: Holding<'a>,
}

impl<'a> Outflow<'a> {
    /// `others` are, for native lamports, the escrow and the system program; for tokens, the escrow, its token account, the
    /// recipient's associated token account, and the Token program. A recipient of lamports is writable: its caller checks that.
    #[inline(never)]
    pub fn open(
        recipient: &'a AccountView,
        others: &'a [AccountView],
        place: &Place<'a>,
    ) -> Result<Self, ProgramError> {
        let (house, bump) = (place.address, place.house.escrow_bump);
        if place.house.is_native() {
            let [escrow, system_program] = others else { return Err(CasinoError::WrongAccountCount.into()) };
            require_system_program(system_program)?;
            return Ok(Self { house, bump, escrow, to: recipient, holding: place.lamports(escrow)? });
        }
        let [escrow, held, to, token_program] = others else {
            return Err(CasinoError::WrongAccountCount.into());
        };
        token::require_program(token_program)?;
        place.require_escrow(escrow)?;
        let holding = place.tokens(held)?;
        let (owner, mint) = (recipient.address().as_array(), &place.house.mint);
        token::require_associated(to, owner, mint, CasinoError::WrongTokenAccountAddress)?;
        require_writable(to, CasinoError::ReadonlyTokenAccount)?;
        TokenAccount::load(to)?.require(mint, owner)?;
        Ok(Self { house, bump, escrow, to, holding })
    }

    /// Moves the amount out, signed by the escrow's own seeds, from what covers `liabilities` and covers the rest afterwards.
    #[inline(never)]
    pub fn pay(&self, amount: u64, liabilities: u64) -> ProgramResult {
        // Checked before as well as after: a shortfall is this error, not the called program's.
        self.holding.require_covered(liabilities)?;
        let bump_seed = [self.bump];
        let seeds = [Seed::from(ESCROW_SEED), Seed::from(self.house.as_ref()), Seed::from(&bump_seed)];
        let signers = [Signer::from(&seeds)];
        if self.holding.native {
            Transfer { from: self.escrow, to: self.to, lamports: amount }.invoke_signed(&signers)?;
        } else {
            token::transfer([self.holding.account, self.to, self.escrow], amount, &signers)?;
        }
        self.holding.require_covered(sub(liabilities, amount)?)
    }
}
