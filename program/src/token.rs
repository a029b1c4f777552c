//! Classic SPL tokens: what is checked of mints and token accounts, and the one call that is made to the Token program.
//!
//! Only that program's accounts are accepted: Token-2022 mints can take a fee, or run code of their own, on every transfer.
use pinocchio::{
    account::Ref,
    cpi::{invoke_signed, Signer},
    error::ProgramError,
    instruction::{InstructionAccount, InstructionView},
    AccountView, Address, ProgramResult,
};

use crate::{
    accounts::require_address,
    error::{require, CasinoError},
    syscalls,
};

pub const TOKEN_PROGRAM: Address = Address::from_str_const("TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA");
pub const ASSOCIATED_TOKEN_PROGRAM: Address =
    Address::from_str_const("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

/// A mint: whether it is initialised lies at an offset.
const MINT_BYTES: usize = 82;
const MINT_INITIALISED: usize = 45;

/// A token account: mint 32, owner 32, amount 8, delegate 4 + 32, state 1, native reserve 4 + 8, delegated amount 8, close
/// authority 4 + 32.
const ACCOUNT_BYTES: usize = 165;
const OWNER: usize = 32;
const AMOUNT: usize = 64;
const DELEGATE: usize = 72;
const STATE: usize = 108;
const CLOSE_AUTHORITY: usize = 129;
const STATE_INITIALISED: u8 = 1;
const STATE_FROZEN: u8 = 2;

/// The Token program's instruction `Transfer`.
const TRANSFER: u8 = 3;

pub fn require_program(account: &AccountView) -> ProgramResult {
    require(account.address() == &TOKEN_PROGRAM, CasinoError::WrongTokenProgram)
}

/// Checks that the account is this mint, and one whose tokens a house may hold.
pub fn require_mint(account: &AccountView, mint: &[u8; 32]) -> ProgramResult {
    require_address(account, mint, CasinoError::WrongMint)?;
    require(account.owned_by(&TOKEN_PROGRAM), CasinoError::UnsupportedMint)?;
    let bytes = account.try_borrow()?;
    require(bytes.len() == MINT_BYTES && bytes[MINT_INITIALISED] == 1, CasinoError::UnsupportedMint)
}

/// Checks that the account lies at the canonical address of the owner's token account for the mint.
#[inline(never)]
pub fn require_associated(
    account: &AccountView,
    owner: &[u8; 32],
    mint: &[u8; 32],
    error: CasinoError,
) -> ProgramResult {
    let seeds: [&[u8]; 3] = [owner, TOKEN_PROGRAM.as_ref(), mint];
    let program = ASSOCIATED_TOKEN_PROGRAM.as_array();
    let (mut address, mut bump) = ([0u8; 32], 0u8);
    require(syscalls::find_program_address(&seeds, program, &mut address, &mut bump), error)?;
    require_address(account, &address, error)
}

/// A token account, neither frozen nor uninitialised.
pub struct TokenAccount<'a>(Ref<'a, [u8]>);

impl<'a> TokenAccount<'a> {
    #[inline(never)]
    pub fn load(account: &'a AccountView) -> Result<Self, ProgramError> {
        require(account.owned_by(&TOKEN_PROGRAM), CasinoError::WrongTokenAccountProgram)?;
        require(account.data_len() == ACCOUNT_BYTES, CasinoError::WrongTokenAccountSize)?;
        let bytes = account.try_borrow()?;
        require(bytes[STATE] != STATE_FROZEN, CasinoError::FrozenTokenAccount)?;
        require(bytes[STATE] == STATE_INITIALISED, CasinoError::EmptyTokenAccount)?;
        Ok(Self(bytes))
    }

    pub fn amount(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.0[AMOUNT..DELEGATE]);
        u64::from_le_bytes(bytes)
    }

    /// Checks what the tokens are, and whose: the owner of an associated account can give it to another.
    pub fn require(&self, mint: &[u8; 32], owner: &[u8; 32]) -> ProgramResult {
        require(&self.0[..OWNER] == mint, CasinoError::WrongTokenAccountMint)?;
        require(&self.0[OWNER..AMOUNT] == owner, CasinoError::WrongTokenAccountOwner)
    }

    /// Checks that nobody but the owner can move the tokens or close the account.
    pub fn require_sole_control(&self) -> ProgramResult {
        require(self.0[DELEGATE..DELEGATE + 4] == [0; 4], CasinoError::ExistingDelegate)?;
        require(self.0[CLOSE_AUTHORITY..CLOSE_AUTHORITY + 4] == [0; 4], CasinoError::ExistingCloseAuthority)
    }
}

/// Moves tokens; `signers` sign for an authority that is a derived address.
#[inline(never)]
pub fn transfer([from, to, authority]: [&AccountView; 3], amount: u64, signers: &[Signer]) -> ProgramResult {
    let mut data = [0; 9];
    data[0] = TRANSFER;
    data[1..].copy_from_slice(&amount.to_le_bytes());
    let accounts = [
        InstructionAccount::writable(from.address()),
        InstructionAccount::writable(to.address()),
        InstructionAccount::readonly_signer(authority.address()),
    ];
    let instruction = InstructionView { program_id: &TOKEN_PROGRAM, accounts: &accounts, data: &data };
    invoke_signed(&instruction, &[from, to, authority], signers)
}
