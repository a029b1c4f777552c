//! Groth16 over BN254: verifying key, proof, and the verification equation
//! e(A, B) = e(alpha, beta) e(sum of inputs, gamma) e(C, delta).

use crate::error::{Code, Failure, Result, ensure};
use crate::points::{
    G1_BYTES, G1_COMPRESSED_BYTES, G2_BYTES, G2_COMPRESSED_BYTES, g1_from_eip197, g2_from_eip197,
    write_compressed, write_g1_eip197, write_g2_eip197,
};
use ark_bn254::{Bn254, Fr, G1Affine, G1Projective, G2Affine};
use ark_ec::pairing::{Pairing, PairingOutput};
use ark_ec::{AffineRepr, CurveGroup};

pub const PROOF_BYTES: usize = 2 * G1_BYTES + G2_BYTES;
pub const COMPRESSED_PROOF_BYTES: usize = 2 * G1_COMPRESSED_BYTES + G2_COMPRESSED_BYTES;
/// The most public inputs that a verifying key in bytes may have.
pub const MAX_PUBLIC_INPUTS: usize = 1024;

const FIXED_KEY_BYTES: usize = G1_BYTES + 3 * G2_BYTES;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    pub alpha_g1: G1Affine,
    pub beta_g2: G2Affine,
    pub gamma_g2: G2Affine,
    pub delta_g2: G2Affine,
    /// One point more than there are public inputs.
    pub ic: Vec<G1Affine>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    pub a: G1Affine,
    pub b: G2Affine,
    pub c: G1Affine,
}

impl Proof {
    /// A 64, B 128, C 64 bytes, as EIP-197; `None` if a point is malformed, off the curve or outside its subgroup.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (a, rest) = bytes.split_at_checked(G1_BYTES)?;
        let (b, c) = rest.split_at_checked(G2_BYTES)?;
        Some(Proof { a: g1_from_eip197(a)?, b: g2_from_eip197(b)?, c: g1_from_eip197(c)? })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(PROOF_BYTES);
        write_g1_eip197(&self.a, &mut out);
        write_g2_eip197(&self.b, &mut out);
        write_g1_eip197(&self.c, &mut out);
        out
    }

    /// A 32, B 64, C 32 bytes, as Solana's alt_bn128 decompression takes them.
    pub fn to_compressed(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(COMPRESSED_PROOF_BYTES);
        write_compressed(&self.a, &mut out);
        write_compressed(&self.b, &mut out);
        write_compressed(&self.c, &mut out);
        out
    }
}

impl VerifyingKey {
    /// alpha 64, beta 128, gamma 128, delta 128, then 64 for each point of `ic`. Errors: `MALFORMED_VERIFYING_KEY`.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let bad =
            || Failure::new(Code::MalformedVerifyingKey, "the verifying key has a malformed point or length");
        let (fixed, ic) = bytes.split_at_checked(FIXED_KEY_BYTES).ok_or_else(bad)?;
        let count = ic.len() / G1_BYTES;
        let length_fits = ic.len().is_multiple_of(G1_BYTES) && (1..=MAX_PUBLIC_INPUTS + 1).contains(&count);
        ensure(length_fits, Code::MalformedVerifyingKey, "the verifying key has a malformed length")?;
        let (alpha, g2) = fixed.split_at(G1_BYTES);
        let mut g2_points = g2.chunks_exact(G2_BYTES).map(|b| g2_from_eip197(b).filter(|p| !p.is_zero()));
        let mut next_g2 = || g2_points.next().flatten().ok_or_else(bad);
        Ok(VerifyingKey {
            alpha_g1: g1_from_eip197(alpha).filter(|p| !p.is_zero()).ok_or_else(bad)?,
            beta_g2: next_g2()?,
            gamma_g2: next_g2()?,
            delta_g2: next_g2()?,
            ic: ic
                .chunks_exact(G1_BYTES)
                .map(|b| g1_from_eip197(b).ok_or_else(bad))
                .collect::<Result<_>>()?,
        })
    }

    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(FIXED_KEY_BYTES + self.ic.len() * G1_BYTES);
        write_g1_eip197(&self.alpha_g1, &mut out);
        for point in [&self.beta_g2, &self.gamma_g2, &self.delta_g2] {
            write_g2_eip197(point, &mut out);
        }
        for point in &self.ic {
            write_g1_eip197(point, &mut out);
        }
        out
    }

    /// Whether the proof holds for exactly these inputs. Another number of inputs is `INVALID_ARGUMENT`.
    pub fn verify(&self, proof: &Proof, inputs: &[Fr]) -> Result<bool> {
        let Some((first, rest)) = self.ic.split_first() else {
            return Err(Failure::new(
                Code::MalformedVerifyingKey,
                "the verifying key has no points for inputs",
            ));
        };
        ensure(
            inputs.len() == rest.len(),
            Code::InvalidArgument,
            "the key takes another number of public inputs",
        )?;
        let sum = rest
            .iter()
            .zip(inputs)
            .fold(G1Projective::from(*first), |sum, (point, input)| sum + *point * input);
        let product = Bn254::multi_pairing(
            [-proof.a, self.alpha_g1, sum.into_affine(), proof.c],
            [proof.b, self.beta_g2, self.gamma_g2, self.delta_g2],
        );
        Ok(product == PairingOutput::<Bn254>::default())
    }
}
