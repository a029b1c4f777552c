//! What `settle_batch` and `settle_transfers` share: a vault's flags, and the order of vaults.
use pinocchio::{error::ProgramError, Address};

use crate::{
    data::Reader,
    error::{require, CasinoError},
};

/// Which of the vault's two session keys signed (`settle_batch` alone).
pub const FLAG_KEY_SLOT: u8 = 1;
/// Pay the open withdrawal request.
pub const FLAG_PAY: u8 = 1 << 1;
/// A `u64` of pending deposit to consume follows.
pub const FLAG_CONSUME: u8 = 1 << 2;

/// Reads a vault's flags; bits outside `known` are refused.
#[inline(always)]
pub fn read_flags(reader: &mut Reader, known: u8) -> Result<u8, ProgramError> {
    let flags = reader.u8()?;
    require(flags & !known == 0, CasinoError::UnknownFlags)?;
    Ok(flags)
}

/// Reads what to consume: zero without the flag, never zero with it.
#[inline(always)]
pub fn read_consume(reader: &mut Reader, flags: u8) -> Result<u64, ProgramError> {
    if flags & FLAG_CONSUME == 0 {
        return Ok(0);
    }
    let consume = reader.u64()?;
    require(consume > 0, CasinoError::ZeroConsume)?;
    Ok(consume)
}

/// Checks that each vault's address is above the one before it, so that none is named twice.
#[inline(always)]
pub fn require_ascending(previous: Option<&Address>, next: &Address) -> Result<(), ProgramError> {
    require(previous.is_none_or(|address| address.as_array() < next.as_array()), CasinoError::WrongVaultOrder)
}
