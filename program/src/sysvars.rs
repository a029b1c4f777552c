//! The two facts the program asks the runtime for: the slot, and the rent minimum.
use pinocchio::{
    error::ProgramError,
    sysvars::{clock::CLOCK_ID, get_sysvar, rent::RENT_ID},
};

use crate::error::{require, CasinoError};

/// Bytes that rent counts on top of an account's data.
const ACCOUNT_OVERHEAD_BYTES: u64 = 128;
/// A price above this could not be multiplied by any account size used here.
const MAX_LAMPORTS_PER_BYTE: u64 = 1 << 40;
/// The two exemption thresholds that clusters have had, as IEEE 754 doubles.
const THRESHOLD_ONE: u64 = 0x3ff0_0000_0000_0000;
const THRESHOLD_TWO: u64 = 0x4000_0000_0000_0000;

/// The current slot.
pub fn slot() -> Result<u64, ProgramError> {
    let mut bytes = [0u8; 8];
    get_sysvar(&mut bytes, &CLOCK_ID, 0).map_err(|_| CasinoError::UnavailableClock)?;
    Ok(u64::from_le_bytes(bytes))
}

/// Lamports that keep an account of `data_len` bytes alive.
pub fn rent_minimum(data_len: usize) -> Result<u64, ProgramError> {
    let mut bytes = [0u8; 16];
    get_sysvar(&mut bytes, &RENT_ID, 0).map_err(|_| CasinoError::UnavailableRent)?;
    let mut price = [0u8; 8];
    let mut threshold = [0u8; 8];
    price.copy_from_slice(&bytes[..8]);
    threshold.copy_from_slice(&bytes[8..]);
    minimum(data_len as u64, u64::from_le_bytes(price), u64::from_le_bytes(threshold))
}

/// `(128 + bytes) * price * threshold`, where the threshold is exactly one or two.
fn minimum(data_len: u64, lamports_per_byte: u64, threshold: u64) -> Result<u64, ProgramError> {
    let years = match threshold {
        THRESHOLD_ONE => 1u64,
        THRESHOLD_TWO => 2,
        _ => return Err(CasinoError::UnavailableRent.into()),
    };
    require(lamports_per_byte <= MAX_LAMPORTS_PER_BYTE, CasinoError::UnavailableRent)?;
    // Bounded above, so it cannot wrap; a checked 64-bit multiply does not link on this target.
    Ok(data_len.wrapping_add(ACCOUNT_OVERHEAD_BYTES).wrapping_mul(lamports_per_byte).wrapping_mul(years))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a cluster whose rent is stored as price and threshold 1 (or 2) being charged half or double.
    #[test]
    fn both_ways_of_storing_rent_give_the_same_minimum() {
        assert_eq!(minimum(0, 3_480, THRESHOLD_TWO).unwrap(), 890_880);
        assert_eq!(minimum(0, 6_960, THRESHOLD_ONE).unwrap(), 890_880);
        assert!(minimum(0, 6_960, 0).is_err());
        assert!(minimum(0, u64::MAX, THRESHOLD_ONE).is_err());
    }
}
