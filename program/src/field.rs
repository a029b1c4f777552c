//! Elements of the BN254 scalar field as 32 big-endian bytes, and Poseidon over them.
use pinocchio::error::ProgramError;

use crate::{
    error::{require, CasinoError},
    syscalls,
};

/// A field element, big endian.
pub type Fr = [u8; 32];

/// The modulus r.
const MODULUS: Fr = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d, 0x28,
    0x33, 0xe8, 0x48, 0x79, 0xb9, 0x70, 0x91, 0x43, 0xe1, 0xf5, 0x93, 0xf0, 0x00, 0x00, 0x01,
];

/// Whether the bytes are below the modulus.
pub fn is_canonical(element: &Fr) -> bool {
    // Both big endian: the order of the bytes is the order of the numbers.
    element < &MODULUS
}

/// The first 16 bytes of a 32-byte value, as a field element.
pub fn high(value: &[u8; 32]) -> Fr {
    let mut out = [0u8; 32];
    out[16..].copy_from_slice(&value[..16]);
    out
}

/// The last 16 bytes of a 32-byte value, as a field element.
pub fn low(value: &[u8; 32]) -> Fr {
    let mut out = [0u8; 32];
    out[16..].copy_from_slice(&value[16..]);
    out
}

/// circomlib's Poseidon of the inputs, each 32 bytes; `INVALID_POSEIDON_INPUT` if the runtime refuses one.
pub fn poseidon(inputs: &[&[u8]]) -> Result<Fr, ProgramError> {
    let mut out = [0u8; 32];
    require(syscalls::poseidon(inputs, &mut out), CasinoError::InvalidPoseidonInput)?;
    Ok(out)
}

/// `domain = P2(hi(genesisHash), lo(genesisHash))`.
pub fn domain(genesis_hash: &[u8; 32]) -> Result<Fr, ProgramError> {
    poseidon(&[&high(genesis_hash), &low(genesis_hash)])
}

/// `accountId = P3(domain, hi(vault), lo(vault))`.
pub fn account_id(domain: &Fr, vault: &[u8; 32]) -> Result<Fr, ProgramError> {
    poseidon(&[domain, &high(vault), &low(vault)])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches an off-by-one at the modulus, where a second encoding of a small element would begin.
    #[test]
    fn the_modulus_is_the_first_that_is_not_canonical() {
        let mut below = MODULUS;
        below[31] = 0;
        assert!(is_canonical(&below));
        assert!(!is_canonical(&MODULUS));
        assert!(!is_canonical(&[0xff; 32]));
        assert!(is_canonical(&[0; 32]));
    }

    #[test]
    fn limbs_are_the_halves_in_the_low_sixteen_bytes() {
        let mut value = [0u8; 32];
        value[0] = 1;
        value[16] = 2;
        assert_eq!(high(&value)[16], 1);
        assert_eq!(low(&value)[16], 2);
        assert_eq!(high(&value)[..16], [0; 16]);
    }
}
