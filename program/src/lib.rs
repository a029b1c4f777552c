//! The on-chain program: holds the escrow of each house, credits and pays vaults, and settles batches of bets whose Groth16
//! proof it verifies. `docs/reference/layouts.md` fixes every byte of its accounts, instructions and events.
#![cfg_attr(any(target_os = "solana", target_arch = "bpf"), no_std)]

pub mod accounts;
pub mod constants;
pub mod data;
pub mod error;
pub mod escrow;
pub mod event;
pub mod field;
pub mod groth16;
pub mod instruction_list;
pub mod instructions;
pub mod public_input;
pub mod receipt;
pub mod state;
pub mod syscalls;
pub mod sysvars;
pub mod token;
pub mod transfers;

#[cfg(feature = "bpf-entrypoint")]
mod entrypoint;
#[cfg(all(feature = "bpf-entrypoint", target_arch = "bpf", not(target_os = "solana")))]
mod memory;
