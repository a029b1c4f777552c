//! Verification of circomlib's EdDSAPoseidon signatures: S * B8 == R8 + h * (8 A), h = Poseidon(R8, A, M).
//!
//! It accepts exactly what circomlib's `EdDSAPoseidonVerifier`, with A and R8 checked to be on the curve, accepts:
//!
//! - The circuit's wires are field elements, so coordinates and message must be canonical; `CompConstant` makes
//!   S < l. The circuit does not check the curve equation itself: the statement around it must, and so does this.
//! - The circuit refuses x(4A) = 0. The group's only points with x = 0 are (0, 1) and (0, -1), its only ones of
//!   order 1 and 2, so that is the same as 8A = identity: A is of small order.
//! - Its Edwards additions are complete on the curve, because 168700 is a square and 168696 is not.
//! - `EscalarMulAny` uses incomplete Montgomery additions, in segments of 148 and 106 bits. In each the running
//!   sum's factor stays below the power of two added next, and both below l, so no addition is exceptional for
//!   8A, whose order is l.
//! - `EscalarMulFix` is not as lucky: its 83 windows of three bits start at 2 * 8^83 and add (1 + digit) * 8^i, so the
//!   last sum is exactly l, the identity, for one value of the low 249 bits of S, and then no witness exists.
//!   `UNPROVABLE_LOW_BITS` is that value; three S below l have it, and they are refused here too. Nobody can
//!   aim a signature at them: S depends on the hash of R8.

use crate::babyjubjub::{Affine, Extended, SUBGROUP_ORDER, base8_and_point, is_in_subgroup};
use crate::error::{Code, Result, ensure};
use crate::field::{FIELD_BYTES, from_be, limbs_from_be};
use crate::poseidon;
use ark_bn254::Fr;
use ark_ff::{BigInt, PrimeField};

pub const PUBLIC_KEY_BYTES: usize = 2 * FIELD_BYTES;
pub const SIGNATURE_BYTES: usize = 3 * FIELD_BYTES;
pub const MESSAGE_BYTES: usize = FIELD_BYTES;

/// l - 2 * 8^83 - (8^83 - 1) / 7; see the module's comment.
const UNPROVABLE_LOW_BITS: BigInt<4> =
    BigInt!("797546722194482024037982888770643071568945925300745316575367714387401675944");
/// Bits of S in the first segment of `EscalarMulFix`; 57 of them are in the top limb.
const FIRST_SEGMENT_TOP_LIMB_BITS: u32 = 249 - 192;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublicKeyStatus {
    Valid,
    NotCanonical,
    OffCurve,
    SmallOrder,
    OutsideSubgroup,
}

impl PublicKeyStatus {
    pub fn as_str(self) -> &'static str {
        match self {
            PublicKeyStatus::Valid => "valid",
            PublicKeyStatus::NotCanonical => "not-canonical",
            PublicKeyStatus::OffCurve => "off-curve",
            PublicKeyStatus::SmallOrder => "small-order",
            PublicKeyStatus::OutsideSubgroup => "outside-subgroup",
        }
    }
}

fn affine_from_be(bytes: &[u8]) -> Option<Affine> {
    Some(Affine { x: from_be(bytes.get(..FIELD_BYTES)?)?, y: from_be(bytes.get(FIELD_BYTES..)?)? })
}

/// What a 64-byte key is; only `Valid` keys should be given a vault. Errors: `INVALID_ARGUMENT` for another length.
pub fn public_key_status(public_key: &[u8]) -> Result<PublicKeyStatus> {
    ensure(public_key.len() == PUBLIC_KEY_BYTES, Code::InvalidArgument, "a public key is 64 bytes")?;
    let Some(key) = affine_from_be(public_key) else { return Ok(PublicKeyStatus::NotCanonical) };
    if !key.is_on_curve() {
        return Ok(PublicKeyStatus::OffCurve);
    }
    let point = Extended::from_affine(&key);
    if point.times_cofactor().is_identity() {
        return Ok(PublicKeyStatus::SmallOrder);
    }
    Ok(if is_in_subgroup(&point) { PublicKeyStatus::Valid } else { PublicKeyStatus::OutsideSubgroup })
}

/// Whether the circuit accepts the signature. Wrong lengths are `INVALID_ARGUMENT`; everything else is a `bool`.
pub fn verify(public_key: &[u8], signature: &[u8], message: &[u8]) -> Result<bool> {
    ensure(public_key.len() == PUBLIC_KEY_BYTES, Code::InvalidArgument, "a public key is 64 bytes")?;
    ensure(signature.len() == SIGNATURE_BYTES, Code::InvalidArgument, "a signature is 96 bytes")?;
    ensure(message.len() == MESSAGE_BYTES, Code::InvalidArgument, "a message is 32 bytes")?;
    let (r8_bytes, s_bytes) = signature.split_at(2 * FIELD_BYTES);
    let (Some(key), Some(r8), Some(s), Some(message)) =
        (affine_from_be(public_key), affine_from_be(r8_bytes), limbs_from_be(s_bytes), from_be(message))
    else {
        return Ok(false);
    };
    verify_parsed(&key, &r8, &s, message)
}

fn verify_parsed(key: &Affine, r8: &Affine, s: &BigInt<4>, message: Fr) -> Result<bool> {
    if *s >= SUBGROUP_ORDER || is_unprovable(s) || !key.is_on_curve() || !r8.is_on_curve() {
        return Ok(false);
    }
    let key8 = Extended::from_affine(key).times_cofactor();
    if key8.is_identity() {
        return Ok(false);
    }
    let h = poseidon::hash(&[r8.x, r8.y, key.x, key.y, message])?.into_bigint();
    Ok(base8_and_point(s, &h, &key8.negate()).equals(r8))
}

fn is_unprovable(s: &BigInt<4>) -> bool {
    let mut low = *s;
    low.0[3] &= (1 << FIRST_SEGMENT_TOP_LIMB_BITS) - 1;
    low == UNPROVABLE_LOW_BITS
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::{AdditiveGroup, Field};

    /// All values here are below the scalar modulus, so field arithmetic is integer arithmetic.
    fn integer(x: u64) -> Fr {
        Fr::from(x)
    }

    #[test]
    fn three_values_of_s_are_unprovable() {
        let power = |exponent: u64| integer(8).pow([exponent]);
        let order = Fr::from_bigint(SUBGROUP_ORDER).unwrap();
        let low = order - power(83).double() - (0..83).map(power).sum::<Fr>();
        assert_eq!(low.into_bigint(), UNPROVABLE_LOW_BITS);
        let second_segment = integer(2).pow([249]);
        for multiple in 0..3 {
            let s = low + second_segment * integer(multiple);
            assert!(s.into_bigint() < SUBGROUP_ORDER && is_unprovable(&s.into_bigint()));
            assert!(!is_unprovable(&(s + integer(1)).into_bigint()));
            assert!(!is_unprovable(&(s - integer(1)).into_bigint()));
        }
        assert!((low + second_segment * integer(3)).into_bigint() > SUBGROUP_ORDER);
    }
}
