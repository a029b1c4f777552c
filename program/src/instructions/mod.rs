//! One instruction a file. The first data byte is its number; numbers not listed are refused.
mod add_terms;
mod add_verifying_key;
mod advance_epoch;
mod apply_change;
mod challenge;
mod claim;
mod deposit;
mod escalate_challenge;
mod force_exit;
mod fund_house;
mod init_house;
mod open_vault;
mod pay_house_withdrawal;
mod request_house_withdrawal;
mod request_withdrawal;
mod retire_verifying_key;
mod rotate_session_key;
mod schedule_change;
mod set_paused;
mod set_settler;
mod settle_batch;
mod settle_transfers;

use pinocchio::{AccountView, Address, ProgramResult};

use crate::{data::Reader, error::CasinoError};

pub const INIT_HOUSE: u8 = 0;
pub const ADD_TERMS: u8 = 1;
pub const ADD_VERIFYING_KEY: u8 = 2;
pub const RETIRE_VERIFYING_KEY: u8 = 3;
pub const OPEN_VAULT: u8 = 4;
pub const DEPOSIT: u8 = 5;
pub const REQUEST_WITHDRAWAL: u8 = 6;
pub const SETTLE_BATCH: u8 = 7;
pub const SETTLE_TRANSFERS: u8 = 8;
pub const CLAIM: u8 = 9;
pub const FORCE_EXIT: u8 = 10;
pub const ROTATE_SESSION_KEY: u8 = 11;
pub const CHALLENGE: u8 = 12;
pub const ESCALATE_CHALLENGE: u8 = 13;
pub const FUND_HOUSE: u8 = 14;
pub const REQUEST_HOUSE_WITHDRAWAL: u8 = 15;
pub const PAY_HOUSE_WITHDRAWAL: u8 = 16;
pub const SET_SETTLER: u8 = 17;
pub const ADVANCE_EPOCH: u8 = 18;
pub const SCHEDULE_CHANGE: u8 = 19;
pub const APPLY_CHANGE: u8 = 20;
pub const SET_PAUSED: u8 = 21;

/// Runs the instruction that the first data byte names.
// Kept out of the entrypoint's frame, which already holds the account list. The reader goes by reference because a call can
// take five registers, of which the result's address and the account slice need three.
#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    match reader.u8()? {
        INIT_HOUSE => init_house::process(program_id, accounts, reader),
        ADD_TERMS => add_terms::process(program_id, accounts, reader),
        ADD_VERIFYING_KEY => add_verifying_key::process(program_id, accounts, reader),
        RETIRE_VERIFYING_KEY => retire_verifying_key::process(program_id, accounts, reader),
        OPEN_VAULT => open_vault::process(program_id, accounts, reader),
        DEPOSIT => deposit::process(program_id, accounts, reader),
        REQUEST_WITHDRAWAL => request_withdrawal::process(program_id, accounts, reader),
        SETTLE_BATCH => settle_batch::process(program_id, accounts, reader),
        SETTLE_TRANSFERS => settle_transfers::process(program_id, accounts, reader),
        CLAIM => claim::process(program_id, accounts, reader),
        FORCE_EXIT => force_exit::process(program_id, accounts, reader),
        ROTATE_SESSION_KEY => rotate_session_key::process(program_id, accounts, reader),
        CHALLENGE => challenge::process(program_id, accounts, reader),
        ESCALATE_CHALLENGE => escalate_challenge::process(program_id, accounts, reader),
        FUND_HOUSE => fund_house::process(program_id, accounts, reader),
        REQUEST_HOUSE_WITHDRAWAL => request_house_withdrawal::process(program_id, accounts, reader),
        PAY_HOUSE_WITHDRAWAL => pay_house_withdrawal::process(program_id, accounts, reader),
        SET_SETTLER => set_settler::process(program_id, accounts, reader),
        ADVANCE_EPOCH => advance_epoch::process(program_id, accounts, reader),
        SCHEDULE_CHANGE => schedule_change::process(program_id, accounts, reader),
        APPLY_CHANGE => apply_change::process(program_id, accounts, reader),
        SET_PAUSED => set_paused::process(program_id, accounts, reader),
        _ => Err(CasinoError::UnknownInstruction.into()),
    }
}
