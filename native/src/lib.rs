//! The crypto kernel: Poseidon, EdDSA-Poseidon and Groth16 over BN254, and their bindings to Node.
//!
//! Everything here may be fed bytes from outside: parsers check every length and every range, and what they cannot
//! accept is an error with a stable code (`error.rs`), never a panic. Should a panic happen all the same, it is caught at
//! the boundary (`bindings/`) and becomes the code `INTERNAL`.

mod affine_sums;
mod babyjubjub;
#[cfg(feature = "addon")]
mod bindings;
mod container;
mod eddsa;
mod error;
mod fft;
mod field;
mod groth16;
mod lanes;
mod msm;
mod points;
mod poseidon;
mod priority;
mod prover;
mod r1cs;
mod setup;
mod table_cache;
mod tables;
mod witness;
mod zkey;
