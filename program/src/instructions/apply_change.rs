//! `apply_change`: puts a pending change into force, within `changeDelaySlots` from its slot on: an announcement that nobody acts
//! on lapses, so that none lies ready for ever. A new authority signs as well: a wrong address cannot take the house away.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{require_address, require_signer},
    constants::{CHANGE_AUTHORITY, CHANGE_DELAYS, CHANGE_RECEIPT_KEY},
    data::Reader,
    error::{require, CasinoError},
    event, state,
    state::{delays_of, House},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let kind = reader.u8()?;
    reader.finish()?;
    require(kind <= CHANGE_DELAYS, CasinoError::UnknownChange)?;

    let [authority, house_account, accepting @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    require(accepting.len() == usize::from(kind == CHANGE_AUTHORITY), CasinoError::WrongAccountCount)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;

    let now = slot()?;
    let value = due_change(&house, kind, now)?;
    match kind {
        CHANGE_AUTHORITY => {
            require_signer(&accepting[0], CasinoError::MissingNewAuthoritySignature)?;
            require_address(&accepting[0], &value, CasinoError::WrongNewAuthority)?;
            house.authority = value;
        }
        CHANGE_RECEIPT_KEY => {
            house.previous_receipt_key = house.receipt_key;
            house.receipt_key = value;
            house.receipt_key_slot = now;
        }
        _ => {
            let (exit, change) = delays_of(&value);
            House::require_delays(exit, change)?;
            house.exit_delay_slots = exit;
            house.change_delay_slots = change;
        }
    }
    house.set_pending(kind, &[0; 32], 0);
    event::emit(event::CHANGE_APPLIED, house_address.as_array(), &[&[kind], &value]);
    Ok(())
}

/// The value of the pending change, if its slot has come and it has not lapsed.
fn due_change(house: &House, kind: u8, now: u64) -> Result<[u8; 32], ProgramError> {
    let (value, due) = house.pending(kind);
    require(due != 0, CasinoError::EmptyChange)?;
    let late = now.checked_sub(due).ok_or(CasinoError::InactiveChange)?;
    require(late <= house.change_delay_slots, CasinoError::StaleChange)?;
    Ok(value)
}
