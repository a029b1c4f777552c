//! `init_house`: makes a house and its escrow. The creator signs and is part of the house's address, so nobody can take it first.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};
use pinocchio_system::instructions::Transfer;

use crate::{
    accounts::{require_canonical, require_signer, require_system_program, require_writable},
    constants::{ESCROW_SEED, HOUSE_SEED, NATIVE_MINT},
    data::Reader,
    error::{require, CasinoError},
    field, state,
    state::House,
    sysvars::{rent_minimum, slot},
    token::{self, TokenAccount},
};

struct Arguments<'a> {
    authority: &'a [u8; 32],
    settler: &'a [u8; 32],
    receipt_key: &'a [u8; 32],
    mint: &'a [u8; 32],
    genesis_hash: &'a [u8; 32],
    exit_delay_slots: u64,
    change_delay_slots: u64,
}

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let arguments = read(reader)?;
    let is_native = arguments.mint == &NATIVE_MINT;
    require(accounts.len() == if is_native { 4 } else { 6 }, CasinoError::WrongAccountCount)?;
    let [creator, house_account, escrow, others @ .., system_program] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    require_signer(creator, CasinoError::MissingCreatorSignature)?;
    require_writable(creator, CasinoError::ReadonlyCreator)?;
    require_system_program(system_program)?;

    let house_address = *house_account.address();
    let seeds: [&[u8]; 2] = [ESCROW_SEED, house_address.as_ref()];
    let escrow_bump = require_canonical(escrow, &seeds, program_id, CasinoError::WrongEscrowAddress)?;
    let escrow_token = match others {
        [mint, token_account] => {
            token::require_mint(mint, arguments.mint)?;
            escrow_token(escrow, token_account, arguments.mint)?
        }
        _ => {
            fund_escrow(creator, escrow)?;
            [0; 32]
        }
    };
    let creator_address = *creator.address();
    let seeds = [HOUSE_SEED, creator_address.as_ref(), arguments.mint.as_slice()];
    let mut house = state::create::<House>(house_account, creator, program_id, seeds)?;
    house.escrow_bump = escrow_bump;
    house.creator = *creator_address.as_array();
    house.authority = *arguments.authority;
    house.settler = *arguments.settler;
    house.receipt_key = *arguments.receipt_key;
    house.receipt_key_slot = slot()?;
    house.mint = *arguments.mint;
    house.escrow_token = escrow_token;
    house.domain = field::domain(arguments.genesis_hash)?;
    house.exit_delay_slots = arguments.exit_delay_slots;
    house.change_delay_slots = arguments.change_delay_slots;
    Ok(())
}

fn read<'a>(reader: &mut Reader<'a>) -> Result<Arguments<'a>, ProgramError> {
    let arguments = Arguments {
        authority: reader.array()?,
        settler: reader.array()?,
        receipt_key: reader.array()?,
        mint: reader.array()?,
        genesis_hash: reader.array()?,
        exit_delay_slots: reader.u64()?,
        change_delay_slots: reader.u64()?,
    };
    reader.finish()?;
    require(arguments.authority != &[0; 32], CasinoError::ZeroAuthority)?;
    require(arguments.settler != &[0; 32], CasinoError::ZeroSettler)?;
    require(arguments.receipt_key != &[0; 32], CasinoError::ZeroReceiptKey)?;
    House::require_delays(arguments.exit_delay_slots, arguments.change_delay_slots)?;
    Ok(arguments)
}

/// Brings the escrow up to the rent minimum of an empty account, whatever it holds already.
#[inline(never)]
fn fund_escrow(creator: &AccountView, escrow: &AccountView) -> ProgramResult {
    require_writable(escrow, CasinoError::ReadonlyEscrow)?;
    let missing = rent_minimum(0)?.saturating_sub(escrow.lamports());
    require(creator.lamports() >= missing, CasinoError::InsufficientPayerFunds)?;
    if missing > 0 {
        Transfer { from: creator, to: escrow, lamports: missing }.invoke()?;
    }
    Ok(())
}

/// Checks that the account is the escrow's associated token account, made beforehand, and nobody else's as well; returns its
/// address.
#[inline(never)]
fn escrow_token(
    escrow: &AccountView,
    account: &AccountView,
    mint: &[u8; 32],
) -> Result<[u8; 32], ProgramError> {
    let owner = escrow.address().as_array();
    token::require_associated(account, owner, mint, CasinoError::WrongEscrowTokenAddress)?;
    let contents = TokenAccount::load(account)?;
    contents.require(mint, owner)?;
    contents.require_sole_control()?;
    Ok(*account.address().as_array())
}
