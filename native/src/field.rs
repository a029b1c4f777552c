//! Bytes to and from prime field elements, and square roots in the BN254 scalar field.

use crate::error::{Code, Failure, Result, ensure};
use ark_bn254::Fr;
use ark_ff::{BigInt, BigInteger, Field, LegendreSymbol, PrimeField};

/// Bytes of one field element, everywhere in this crate.
pub const FIELD_BYTES: usize = 32;

/// The two prime fields of BN254: four 64-bit limbs each.
pub trait Bn254Field: PrimeField<BigInt = BigInt<4>> {}
impl<F: PrimeField<BigInt = BigInt<4>>> Bn254Field for F {}

/// The integer in 32 little-endian bytes; `None` if there are not 32.
pub fn limbs_from_le(bytes: &[u8]) -> Option<BigInt<4>> {
    let bytes: &[u8; FIELD_BYTES] = bytes.try_into().ok()?;
    let mut limbs = [0u64; 4];
    for (limb, chunk) in limbs.iter_mut().zip(bytes.chunks_exact(8)) {
        *limb = u64::from_le_bytes(chunk.try_into().ok()?);
    }
    Some(BigInt::new(limbs))
}

/// The integer in 32 big-endian bytes; `None` if there are not 32.
pub fn limbs_from_be(bytes: &[u8]) -> Option<BigInt<4>> {
    let mut reversed: [u8; FIELD_BYTES] = bytes.try_into().ok()?;
    reversed.reverse();
    limbs_from_le(&reversed)
}

/// A canonical big-endian element; `None` unless it is 32 bytes and below the modulus.
pub fn from_be<F: Bn254Field>(bytes: &[u8]) -> Option<F> {
    F::from_bigint(limbs_from_be(bytes)?)
}

/// A canonical little-endian element; `None` unless it is 32 bytes and below the modulus.
pub fn from_le<F: Bn254Field>(bytes: &[u8]) -> Option<F> {
    F::from_bigint(limbs_from_le(bytes)?)
}

pub fn to_be<F: Bn254Field>(element: &F) -> [u8; FIELD_BYTES] {
    let mut out = [0u8; FIELD_BYTES];
    for (chunk, limb) in out.chunks_exact_mut(8).zip(element.into_bigint().0.iter().rev()) {
        chunk.copy_from_slice(&limb.to_be_bytes());
    }
    out
}

/// A list of canonical big-endian scalars, with a coded error for anything else.
pub fn scalars_from_be(bytes: &[u8]) -> Result<Vec<Fr>> {
    ensure(
        bytes.len().is_multiple_of(FIELD_BYTES),
        Code::InvalidArgument,
        "field elements are 32 bytes each",
    )?;
    bytes.chunks_exact(FIELD_BYTES).map(scalar_from_be).collect()
}

/// One canonical big-endian scalar, with a coded error for anything else.
pub fn scalar_from_be(bytes: &[u8]) -> Result<Fr> {
    ensure(bytes.len() == FIELD_BYTES, Code::InvalidArgument, "a field element is 32 bytes")?;
    from_be(bytes)
        .ok_or_else(|| Failure::new(Code::NotCanonical, "a field element is not below the scalar modulus"))
}

/// 1 for a non-zero square, -1 for a non-square, 0 for zero.
pub fn legendre(x: &Fr) -> i32 {
    match x.legendre() {
        LegendreSymbol::Zero => 0,
        LegendreSymbol::QuadraticResidue => 1,
        LegendreSymbol::QuadraticNonResidue => -1,
    }
}

/// The root that is the smaller integer of the two, or `None` for a non-square.
pub fn smaller_sqrt(x: &Fr) -> Option<Fr> {
    let root = x.sqrt()?;
    let other = -root;
    Some(if root.into_bigint() <= other.into_bigint() { root } else { other })
}

/// Bit length of an integer; 0 for 0.
pub fn bit_length(x: &BigInt<4>) -> usize {
    x.num_bits() as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_the_modulus_and_takes_one_less() {
        let modulus = BigInt::<4>(Fr::MODULUS.0).to_bytes_be();
        assert!(from_be::<Fr>(&modulus).is_none());
        let largest = -Fr::from(1u64);
        assert_eq!(from_be::<Fr>(&to_be(&largest)), Some(largest));
        assert!(from_be::<Fr>(&modulus[1..]).is_none());
    }

    #[test]
    fn the_smaller_root_squares_back() {
        for n in 0..200u64 {
            let square = Fr::from(n) * Fr::from(n);
            assert_eq!(smaller_sqrt(&square), Some(Fr::from(n)));
            assert_eq!(legendre(&square), i32::from(n != 0));
        }
        assert_eq!(legendre(&Fr::from(5u64)), -1);
        assert_eq!(smaller_sqrt(&Fr::from(5u64)), None);
    }
}
