//! The instructions sysvar: the runtime's list of all instructions of the present transaction. Only the account at the sysvar's own
//! address says so; another account can hold the same bytes.
//!
//! Layout: `u16` count, a `u16` offset for each instruction, the instructions, and last the `u16` index of the present one. An
//! instruction: `u16` account count, 33 bytes an account, program 32, `u16` data length, data.
use pinocchio::{error::ProgramError, sysvars::instructions::INSTRUCTIONS_ID, AccountView};

use crate::{accounts::require_address, error::CasinoError};

/// Flags and address.
const ACCOUNT_BYTES: usize = 33;

/// An instruction as the sysvar lists it.
#[derive(Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// Its place in the transaction.
    pub index: u16,
    pub program: &'a [u8; 32],
    pub data: &'a [u8],
}

/// Checks that the account is the sysvar.
pub fn require_sysvar(account: &AccountView) -> Result<(), ProgramError> {
    require_address(account, INSTRUCTIONS_ID.as_array(), CasinoError::WrongInstructionsSysvar)
}

/// The instruction just before the present one; none if that is the first, or if the bytes are no such list.
pub fn preceding(list: &[u8]) -> Option<Listed<'_>> {
    let index = u16_at(list, list.len().checked_sub(2)?)?.checked_sub(1)?;
    let offset_at = usize::from(index).checked_mul(2)?.checked_add(2)?;
    let start = usize::from(u16_at(list, offset_at)?);
    let accounts = usize::from(u16_at(list, start)?).checked_mul(ACCOUNT_BYTES)?;
    let program_at = start.checked_add(2)?.checked_add(accounts)?;
    let (program, rest) = list.get(program_at..)?.split_first_chunk::<32>()?;
    let length = usize::from(u16_at(rest, 0)?);
    let data = rest.get(2..)?.get(..length)?;
    Some(Listed { index, program, data })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two instructions: one of program 7 with an account and the data 1, 2, 3, and then one of program 8 with neither.
    fn list(present: u16) -> [u8; 116] {
        let mut bytes = [0u8; 116];
        let mut end = 0usize;
        let mut put = |part: &[u8]| {
            bytes[end..end.wrapping_add(part.len())].copy_from_slice(part);
            end = end.wrapping_add(part.len());
        };
        put(&[2, 0, 6, 0, 78, 0]);
        put(&[1, 0]);
        put(&[9; 33]);
        put(&[7; 32]);
        put(&[3, 0, 1, 2, 3]);
        put(&[0, 0]);
        put(&[8; 32]);
        put(&[0, 0]);
        put(&present.to_le_bytes());
        bytes
    }

    #[test]
    fn the_one_before_the_present_is_found_with_its_data() {
        let listed = Listed { index: 0, program: &[7; 32], data: &[1, 2, 3] };
        assert_eq!(preceding(&list(1)), Some(listed));
        assert_eq!(preceding(&list(0)), None);
    }

    /// Catches a read beyond the end, and one that takes the index for a part of the data.
    #[test]
    fn a_list_cut_short_or_with_wild_numbers_gives_nothing_beyond_its_end() {
        let whole = list(1);
        for length in 0..whole.len() {
            let _ = preceding(&whole[..length]);
        }
        for at in 0..whole.len() {
            for value in [0, 0x7f, 0xff] {
                let mut wild = whole;
                wild[at] = value;
                let _ = preceding(&wild);
            }
        }
        assert_eq!(preceding(&[]), None);
        assert_eq!(preceding(&[0xff; 116]), None);
    }
}
