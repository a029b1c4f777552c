//! BN254 points in the three byte forms used here. A point leaves this file only after its checks: canonical
//! coordinates, on the curve, and for G2 in the prime subgroup (G1 has no other points). Coordinates alone leave it for
//! `table_cache.rs`, which reads back what was checked before.
//!
//! - EIP-197 (Solana's alt_bn128 syscalls): big endian, `x | y`, an Fq2 as `c1 | c0`; infinity is all zero.
//! - zkey (snarkjs): little endian in Montgomery form, an Fq2 as `c0 | c1`; infinity is all zero.
//! - compressed (Solana's alt_bn128 compression): big endian `x`, sign of y and infinity in the first byte's top bits.

use crate::affine_sums::Base;
use crate::field::{FIELD_BYTES, from_be, limbs_from_le, to_be};
use ark_bn254::{Fq, Fq2, G1Affine, G2Affine, g1, g2};
use ark_ec::AffineRepr;
use ark_ec::short_weierstrass::{Affine, SWCurveConfig};
use ark_ff::{BigInt, PrimeField, Zero};
use ark_serialize::CanonicalSerialize;

pub const G1_BYTES: usize = 2 * FIELD_BYTES;
pub const G2_BYTES: usize = 4 * FIELD_BYTES;
pub const G1_COMPRESSED_BYTES: usize = FIELD_BYTES;
pub const G2_COMPRESSED_BYTES: usize = 2 * FIELD_BYTES;

fn checked_g1(x: Fq, y: Fq) -> Option<G1Affine> {
    if x.is_zero() && y.is_zero() {
        return Some(G1Affine::identity());
    }
    // Checked in the next line; the cofactor of G1 is 1.
    let point = G1Affine::new_unchecked(x, y);
    point.is_on_curve().then_some(point)
}

fn checked_g2(x: Fq2, y: Fq2) -> Option<G2Affine> {
    if x.is_zero() && y.is_zero() {
        return Some(G2Affine::identity());
    }
    // Checked in the next line.
    let point = G2Affine::new_unchecked(x, y);
    (point.is_on_curve() && point.is_in_correct_subgroup_assuming_on_curve()).then_some(point)
}

/// Splits into `N` coordinates of 32 bytes and decodes each; `None` on another length or a coordinate refused.
fn coordinates<const N: usize>(bytes: &[u8], decode: impl Fn(&[u8]) -> Option<Fq>) -> Option<[Fq; N]> {
    if bytes.len() != N * FIELD_BYTES {
        return None;
    }
    let mut out = [Fq::zero(); N];
    for (coordinate, chunk) in out.iter_mut().zip(bytes.chunks_exact(FIELD_BYTES)) {
        *coordinate = decode(chunk)?;
    }
    Some(out)
}

/// The element whose Montgomery form is in the bytes; `None` if that is not canonical.
fn montgomery_from_le(bytes: &[u8]) -> Option<Fq> {
    let limbs = limbs_from_le(bytes)?;
    // The field's inner form is the Montgomery form, so a canonical one needs no conversion.
    (limbs < Fq::MODULUS).then_some(Fq::new_unchecked(limbs))
}

pub fn g1_from_eip197(bytes: &[u8]) -> Option<G1Affine> {
    let [x, y] = coordinates(bytes, from_be)?;
    checked_g1(x, y)
}

pub fn g2_from_eip197(bytes: &[u8]) -> Option<G2Affine> {
    let [x1, x0, y1, y0] = coordinates(bytes, from_be)?;
    checked_g2(Fq2::new(x0, x1), Fq2::new(y0, y1))
}

/// G1 and G2 in the form of the zkey.
pub trait ZkeyCurve: SWCurveConfig {
    const BYTES: usize;

    /// Canonical coordinates, (0, 0) for the identity. That they are of a point of the curve is **not** checked.
    fn unchecked_from_zkey(bytes: &[u8]) -> Option<(Base<Self>, Base<Self>)>;

    /// A point, with all the checks of this file.
    fn from_zkey(bytes: &[u8]) -> Option<Affine<Self>>;

    fn write_zkey(x: &Base<Self>, y: &Base<Self>, out: &mut Vec<u8>);
}

impl ZkeyCurve for g1::Config {
    const BYTES: usize = G1_BYTES;

    fn unchecked_from_zkey(bytes: &[u8]) -> Option<(Fq, Fq)> {
        let [x, y] = coordinates(bytes, montgomery_from_le)?;
        Some((x, y))
    }

    fn from_zkey(bytes: &[u8]) -> Option<G1Affine> {
        let (x, y) = Self::unchecked_from_zkey(bytes)?;
        checked_g1(x, y)
    }

    fn write_zkey(x: &Fq, y: &Fq, out: &mut Vec<u8>) {
        [x, y].into_iter().for_each(|coordinate| write_limbs_le(&coordinate.0, out));
    }
}

impl ZkeyCurve for g2::Config {
    const BYTES: usize = G2_BYTES;

    fn unchecked_from_zkey(bytes: &[u8]) -> Option<(Fq2, Fq2)> {
        let [x0, x1, y0, y1] = coordinates(bytes, montgomery_from_le)?;
        Some((Fq2::new(x0, x1), Fq2::new(y0, y1)))
    }

    fn from_zkey(bytes: &[u8]) -> Option<G2Affine> {
        let (x, y) = Self::unchecked_from_zkey(bytes)?;
        checked_g2(x, y)
    }

    fn write_zkey(x: &Fq2, y: &Fq2, out: &mut Vec<u8>) {
        [x.c0, x.c1, y.c0, y.c1].into_iter().for_each(|coordinate| write_limbs_le(&coordinate.0, out));
    }
}

pub fn write_g1_eip197(point: &G1Affine, out: &mut Vec<u8>) {
    for coordinate in g1_coordinates(point) {
        out.extend_from_slice(&to_be(&coordinate));
    }
}

pub fn write_g2_eip197(point: &G2Affine, out: &mut Vec<u8>) {
    let [x0, x1, y0, y1] = g2_coordinates(point);
    for coordinate in [x1, x0, y1, y0] {
        out.extend_from_slice(&to_be(&coordinate));
    }
}

pub fn write_g1_zkey(point: &G1Affine, out: &mut Vec<u8>) {
    let [x, y] = g1_coordinates(point);
    g1::Config::write_zkey(&x, &y, out);
}

pub fn write_g2_zkey(point: &G2Affine, out: &mut Vec<u8>) {
    let [x0, x1, y0, y1] = g2_coordinates(point);
    g2::Config::write_zkey(&Fq2::new(x0, x1), &Fq2::new(y0, y1), out);
}

/// The compressed form. ark-serialize's is little endian with the flags in the last byte; reversed it is Solana's.
pub fn write_compressed(point: &impl CanonicalSerialize, out: &mut Vec<u8>) {
    let start = out.len();
    point.serialize_compressed(&mut *out).expect("writing to a Vec does not fail");
    out[start..].reverse();
}

pub fn write_limbs_le(limbs: &BigInt<4>, out: &mut Vec<u8>) {
    for limb in limbs.0 {
        out.extend_from_slice(&limb.to_le_bytes());
    }
}

fn g1_coordinates(point: &G1Affine) -> [Fq; 2] {
    point.xy().map_or([Fq::zero(); 2], |(x, y)| [x, y])
}

fn g2_coordinates(point: &G2Affine) -> [Fq; 4] {
    point.xy().map_or([Fq::zero(); 4], |(x, y)| [x.c0, x.c1, y.c0, y.c1])
}
