//! A receipt (layouts, section 3) whose signature the runtime's ed25519 program verified in this transaction.
use pinocchio::error::ProgramError;

use crate::{
    error::{require, CasinoError},
    field::Fr,
    instruction_list::preceding,
};

/// `Ed25519SigVerify111111111111111111111111111`
const ED25519_PROGRAM: [u8; 32] = [
    0x03, 0x7d, 0x46, 0xd6, 0x7c, 0x93, 0xfb, 0xbe, 0x12, 0xf9, 0x42, 0x8f, 0x83, 0x8d, 0x40, 0xff, 0x05,
    0x70, 0x74, 0x49, 0x27, 0xf4, 0x8a, 0x64, 0xfc, 0xca, 0x70, 0x44, 0x80, 0x00, 0x00, 0x00,
];
/// The instruction's data: one signature's header, the key at 16, the signature at 48, the receipt at 112.
const KEY_OFFSET: u16 = 16;
const SIGNATURE_OFFSET: u16 = 48;
const RECEIPT_OFFSET: u16 = 112;
const RECEIPT_BYTES: u16 = 213;
const DATA_BYTES: usize = 325;
/// How that program writes "this same instruction".
const SAME_INSTRUCTION: u16 = u16::MAX;
const TAG: &[u8; 8] = b"ZKCRCPT1";

/// What a challenge needs of a receipt.
pub struct Receipt<'a> {
    pub key: &'a [u8; 32],
    pub domain: &'a Fr,
    pub house: &'a [u8; 32],
    pub vault: &'a [u8; 32],
    pub bet_number: u64,
    pub balance_after: u64,
}

/// The receipt that the instruction just before the present one verified; `list` is the instructions sysvar's data.
pub fn verified(list: &[u8]) -> Result<Receipt<'_>, ProgramError> {
    let listed = preceding(list).ok_or(CasinoError::WrongReceiptProgram)?;
    require(listed.program == &ED25519_PROGRAM, CasinoError::WrongReceiptProgram)?;
    let data: &[u8; DATA_BYTES] = listed.data.try_into().map_err(|_| CasinoError::InvalidReceiptSignature)?;
    require(is_header(data, listed.index), CasinoError::InvalidReceiptSignature)?;
    read(data)
}

/// Whether the data begins with the header of one signature that lies, with key and receipt, where they are read below. Without
/// that, the program could have verified other bytes than these: of another place, or of another instruction.
fn is_header(data: &[u8; DATA_BYTES], index: u16) -> bool {
    let number = |at: usize| u16::from_le_bytes([data[at], data[at.wrapping_add(1)]]);
    let is_same = |at: usize| number(at) == SAME_INSTRUCTION || number(at) == index;
    data[0] == 1
        && data[1] == 0
        && number(2) == SIGNATURE_OFFSET
        && is_same(4)
        && number(6) == KEY_OFFSET
        && is_same(8)
        && number(10) == RECEIPT_OFFSET
        && number(12) == RECEIPT_BYTES
        && is_same(14)
}

fn read(data: &[u8; DATA_BYTES]) -> Result<Receipt<'_>, ProgramError> {
    let (head, receipt) = data.split_at(usize::from(RECEIPT_OFFSET));
    let (tag, rest) = chunk::<8>(receipt)?;
    require(tag == TAG, CasinoError::WrongReceiptTag)?;
    let (domain, rest) = chunk(rest)?;
    let (house, rest) = chunk(rest)?;
    let (vault, _) = chunk(rest)?;
    Ok(Receipt {
        key: chunk(&head[usize::from(KEY_OFFSET)..])?.0,
        domain,
        house,
        vault,
        bet_number: u64::from_le_bytes(*chunk(&receipt[108..])?.0),
        balance_after: u64::from_le_bytes(*chunk(&receipt[197..])?.0),
    })
}

fn chunk<const N: usize>(bytes: &[u8]) -> Result<(&[u8; N], &[u8]), ProgramError> {
    bytes.split_first_chunk().ok_or(CasinoError::InvalidReceiptSignature.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn data(index: u16) -> [u8; DATA_BYTES] {
        let mut data = [0; DATA_BYTES];
        data[0] = 1;
        let numbers = [SIGNATURE_OFFSET, index, KEY_OFFSET, index, RECEIPT_OFFSET, RECEIPT_BYTES, index];
        for (to, number) in data[2..].chunks_exact_mut(2).zip(numbers) {
            to.copy_from_slice(&number.to_le_bytes());
        }
        data
    }

    /// Catches a part of the header that is not looked at: the chain's ed25519 program would then read other bytes.
    #[test]
    fn the_header_is_the_one_form_alone_with_either_way_to_name_the_instruction() {
        assert!(is_header(&data(SAME_INSTRUCTION), 7));
        assert!(is_header(&data(7), 7));
        assert!(!is_header(&data(6), 7));
        for at in 0..usize::from(KEY_OFFSET) {
            for bit in 0..8 {
                let mut changed = data(SAME_INSTRUCTION);
                changed[at] ^= 1 << bit;
                assert!(!is_header(&changed, 7), "byte {at}");
            }
        }
    }
}
