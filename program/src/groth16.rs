//! Groth16 over BN254 with one public input, by the runtime's `alt_bn128` syscalls.
//!
//! Verified is `e(-A, B) e(alpha, beta) e(IC0 + x IC1, gamma) e(C, delta) = 1` (Groth 2016, section 3.2).
use pinocchio::{error::ProgramError, ProgramResult};

use crate::{
    error::{require, CasinoError},
    field::Fr,
    syscalls,
};

/// Modulus of the base field, big endian.
const BASE_MODULUS: [u8; 32] = [
    0x30, 0x64, 0x4e, 0x72, 0xe1, 0x31, 0xa0, 0x29, 0xb8, 0x50, 0x45, 0xb6, 0x81, 0x81, 0x58, 0x5d, 0x97,
    0x81, 0x6a, 0x91, 0x68, 0x71, 0xca, 0x8d, 0x3c, 0x20, 0x8c, 0x16, 0xd8, 0x7c, 0xfd, 0x47,
];

/// What the pairing syscall answers when the product is one.
const ONE: [u8; 32] = {
    let mut one = [0u8; 32];
    one[31] = 1;
    one
};

/// A verifying key as stored: points as the syscalls take them.
#[repr(C)]
pub struct KeyPoints {
    pub alpha: [u8; 64],
    pub beta: [u8; 128],
    pub gamma: [u8; 128],
    pub delta: [u8; 128],
    pub ic: [[u8; 64]; 2],
}

const _: () = assert!(size_of::<KeyPoints>() == 576 && align_of::<KeyPoints>() == 1);

impl KeyPoints {
    /// The parts of 576 bytes of instruction data.
    pub fn from_bytes(bytes: &[u8; 576]) -> &Self {
        // SAFETY: the same size, alignment one, and any bytes are valid.
        unsafe { &*bytes.as_ptr().cast() }
    }

    /// The 576 bytes.
    pub fn as_bytes_mut(&mut self) -> &mut [u8; 576] {
        // SAFETY: as in `from_bytes`, and every byte is a field's.
        unsafe { &mut *(self as *mut Self).cast() }
    }

    /// Refuses a key that could not be meant: a point off its curve or group, a point at infinity (IC1 at infinity would leave
    /// the public input unbound), or gamma = delta (the sign of a set-up whose second phase was never run, under which anyone
    /// can forge).
    #[inline(never)]
    pub fn check(&self) -> ProgramResult {
        for point in [&self.alpha, &self.ic[0], &self.ic[1]] {
            require(point != &[0; 64], CasinoError::ZeroKeyPoint)?;
            // Adding zero makes the syscall check the point.
            let mut points = [0u8; 128];
            points[..64].copy_from_slice(point);
            require(syscalls::g1_add(&points, &mut [0; 64]), CasinoError::InvalidKeyPoint)?;
        }
        // Pairs with zero in G1: their product is one if the syscall accepts the points in G2.
        let mut pairs = [0u8; 3 * 192];
        for (pair, point) in pairs.chunks_exact_mut(192).zip([&self.beta, &self.gamma, &self.delta]) {
            require(point != &[0; 128], CasinoError::ZeroKeyPoint)?;
            pair[64..].copy_from_slice(point);
        }
        require(self.gamma != self.delta, CasinoError::InvalidKeySetup)?;
        let mut product = [0u8; 32];
        require(syscalls::pairing(&pairs, &mut product) && product == ONE, CasinoError::InvalidKeyPoint)
    }
}

/// Verifies a compressed proof (A 32 bytes, B 64, C 32) of the public input.
///
/// `INVALID_PROOF_ENCODING` if a point does not decompress, `INVALID_PROOF` if the equation does not hold.
#[inline(never)]
pub fn verify(key: &KeyPoints, public_input: &Fr, proof: &[u8; 128]) -> ProgramResult {
    let mut pairs = [0u8; 4 * 192];
    write_proof(proof, &mut pairs)?;
    write_input(key, public_input, &mut pairs)?;
    pairs[192..256].copy_from_slice(&key.alpha);
    pairs[256..384].copy_from_slice(&key.beta);
    pairs[448..576].copy_from_slice(&key.gamma);
    pairs[640..].copy_from_slice(&key.delta);
    let mut product = [0u8; 32];
    require(syscalls::pairing(&pairs, &mut product) && product == ONE, CasinoError::InvalidProof)
}

/// Writes -A, B and C, decompressed.
#[inline(never)]
fn write_proof(proof: &[u8; 128], pairs: &mut [u8; 768]) -> ProgramResult {
    let (mut a, mut b, mut c) = ([0u8; 64], [0u8; 128], [0u8; 64]);
    let (mut a_in, mut b_in, mut c_in) = ([0u8; 32], [0u8; 64], [0u8; 32]);
    a_in.copy_from_slice(&proof[..32]);
    b_in.copy_from_slice(&proof[32..96]);
    c_in.copy_from_slice(&proof[96..]);
    let decompressed = syscalls::g1_decompress(&a_in, &mut a)
        && syscalls::g2_decompress(&b_in, &mut b)
        && syscalls::g1_decompress(&c_in, &mut c);
    require(decompressed, CasinoError::InvalidProofEncoding)?;
    negate(&mut a);
    pairs[..64].copy_from_slice(&a);
    pairs[64..192].copy_from_slice(&b);
    pairs[576..640].copy_from_slice(&c);
    Ok(())
}

/// Writes IC0 + x IC1.
#[inline(never)]
fn write_input(key: &KeyPoints, public_input: &Fr, pairs: &mut [u8; 768]) -> Result<(), ProgramError> {
    let mut scaled = [0u8; 96];
    scaled[..64].copy_from_slice(&key.ic[1]);
    scaled[64..].copy_from_slice(public_input);
    let mut points = [0u8; 128];
    let mut sum = [0u8; 64];
    require(syscalls::g1_mul(&scaled, &mut sum), CasinoError::InvalidProof)?;
    points[..64].copy_from_slice(&key.ic[0]);
    points[64..].copy_from_slice(&sum);
    require(syscalls::g1_add(&points, &mut sum), CasinoError::InvalidProof)?;
    pairs[384..448].copy_from_slice(&sum);
    Ok(())
}

/// `(x, y)` to `(x, p - y)`. The point at infinity, all zeros, stays as it is.
fn negate(point: &mut [u8; 64]) {
    if point == &[0; 64] {
        return;
    }
    let mut borrow = 0u16;
    for i in (0..32usize).rev() {
        let y = u16::from(point[32usize.wrapping_add(i)]);
        let difference = u16::from(BASE_MODULUS[i]).wrapping_sub(y).wrapping_sub(borrow);
        borrow = difference >> 15;
        point[32usize.wrapping_add(i)] = difference as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches a borrow lost between bytes, which would turn some valid proofs away.
    #[test]
    fn negation_subtracts_from_the_modulus_and_undoes_itself() {
        let mut point = [0u8; 64];
        point[63] = 2;
        negate(&mut point);
        assert_eq!(point[63], 0x45);
        assert_eq!(point[32..63], BASE_MODULUS[..31]);
        let mut borrows = [0u8; 64];
        borrows[62] = 0xff;
        borrows[63] = 0xff;
        let before = borrows;
        negate(&mut borrows);
        assert_eq!(borrows[60..], [0xd8, 0x7b, 0xfd, 0x48]);
        negate(&mut borrows);
        assert_eq!(borrows, before);
        let mut infinity = [0u8; 64];
        negate(&mut infinity);
        assert_eq!(infinity, [0; 64]);
    }
}
