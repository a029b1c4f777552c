//! The runtime's syscalls that this program calls itself. On the host (type checks, lints, unit tests of pure code) each stub
//! fails with `UNAVAILABLE`, so nothing there can pass for a verified proof.
#[cfg(any(target_os = "solana", target_arch = "bpf"))]
use pinocchio::syscalls;

/// What a host stub answers.
#[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
const UNAVAILABLE: u64 = u64::MAX;

/// Operations of the `alt_bn128` group syscall, big endian.
pub const ALT_BN128_ADD: u64 = 0;
pub const ALT_BN128_MUL: u64 = 2;
pub const ALT_BN128_PAIRING: u64 = 3;
/// Operations of the `alt_bn128` compression syscall, big endian.
pub const ALT_BN128_G1_DECOMPRESS: u64 = 1;
pub const ALT_BN128_G2_DECOMPRESS: u64 = 3;

/// Defines a safe wrapper around one syscall. Every pointer is made from a slice or array whose length the caller's type fixes
/// or the syscall is told, which is what makes the wrappers safe.
macro_rules! syscall {
    ($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) = $call:expr) => {
        $(#[$doc])*
        /// True if the syscall succeeded.
        #[inline(always)]
        #[must_use]
        pub fn $name($($arg: $type),*) -> bool {
            #[cfg(any(target_os = "solana", target_arch = "bpf"))]
            // SAFETY: pointers and lengths come from live Rust references.
            let code = unsafe { $call };
            #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
            let code = {
                $(let _ = $arg;)*
                UNAVAILABLE
            };
            code == 0
        }
    };
}

syscall! {
    /// Poseidon over BN254 (x^5, circomlib's parameters) of `inputs`, big endian, into `out`.
    poseidon(inputs: &[&[u8]], out: &mut [u8; 32]) =
        syscalls::sol_poseidon(0, 0, inputs.as_ptr().cast(), inputs.len() as u64, out.as_mut_ptr())
}

syscall! {
    /// SHA-256 of the parts' concatenation into `out`.
    sha256(parts: &[&[u8]], out: &mut [u8; 32]) =
        syscalls::sol_sha256(parts.as_ptr().cast(), parts.len() as u64, out.as_mut_ptr())
}

syscall! {
    /// The canonical derived address of the seeds into `address`, and its bump.
    find_program_address(seeds: &[&[u8]], program_id: &[u8; 32], address: &mut [u8; 32], bump: &mut u8) =
        syscalls::sol_try_find_program_address(
            seeds.as_ptr().cast(), seeds.len() as u64, program_id.as_ptr(), address.as_mut_ptr(), bump,
        )
}

syscall! {
    /// Sum of two G1 points (128 bytes). Fails if one is not on the curve.
    g1_add(points: &[u8; 128], out: &mut [u8; 64]) =
        syscalls::sol_alt_bn128_group_op(ALT_BN128_ADD, points.as_ptr(), 128, out.as_mut_ptr())
}

syscall! {
    /// A G1 point (64 bytes) times a scalar (32 bytes).
    g1_mul(point_and_scalar: &[u8; 96], out: &mut [u8; 64]) =
        syscalls::sol_alt_bn128_group_op(ALT_BN128_MUL, point_and_scalar.as_ptr(), 96, out.as_mut_ptr())
}

syscall! {
    /// Whether the product of the pairings is one: `out` becomes 1 or 0, big endian. Fails if a point is not on its curve or
    /// not in its group. `pairs` holds G1 and G2 points in turn, 192 bytes a pair.
    pairing(pairs: &[u8], out: &mut [u8; 32]) =
        syscalls::sol_alt_bn128_group_op(ALT_BN128_PAIRING, pairs.as_ptr(), pairs.len() as u64, out.as_mut_ptr())
}

syscall! {
    /// A compressed G1 point to its coordinates.
    g1_decompress(point: &[u8; 32], out: &mut [u8; 64]) =
        syscalls::sol_alt_bn128_compression(ALT_BN128_G1_DECOMPRESS, point.as_ptr(), 32, out.as_mut_ptr())
}

syscall! {
    /// A compressed G2 point to its coordinates.
    g2_decompress(point: &[u8; 64], out: &mut [u8; 128]) =
        syscalls::sol_alt_bn128_compression(ALT_BN128_G2_DECOMPRESS, point.as_ptr(), 64, out.as_mut_ptr())
}

/// Writes one event field to the transaction's log.
#[inline(always)]
pub fn log_data(field: &[u8]) {
    #[cfg(any(target_os = "solana", target_arch = "bpf"))]
    {
        let fields: [&[u8]; 1] = [field];
        // SAFETY: one slice, of which the syscall reads pointer and length.
        unsafe { syscalls::sol_log_data(fields.as_ptr().cast(), 1) }
    }
    #[cfg(not(any(target_os = "solana", target_arch = "bpf")))]
    let _ = field;
}
