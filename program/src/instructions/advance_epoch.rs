//! `advance_epoch`: a process takes the lead. From then on the program refuses settlements of every earlier leader.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_signer},
    constants::MAX_EPOCH_STEP,
    data::Reader,
    error::{require, CasinoError},
    state,
    state::House,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let from = reader.u64()?;
    let to = reader.u64()?;
    let nonce = reader.u64()?;
    reader.finish()?;
    let step = to.checked_sub(from);
    require(step.is_some_and(|step| (1..=MAX_EPOCH_STEP).contains(&step)), CasinoError::InvalidEpochStep)?;
    require(nonce != 0, CasinoError::ZeroNonce)?;

    let [leader, house_account] = exactly(accounts)?;
    require_signer(leader, CasinoError::MissingLeaderSignature)?;
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let address = leader.address().as_array();
    require(address == &house.authority || address == &house.settler, CasinoError::WrongLeader)?;
    require(house.leader_epoch == from, CasinoError::WrongEpoch)?;
    house.leader_epoch = to;
    house.leader_nonce = nonce;
    Ok(())
}
