//! `schedule_change`: announces a new authority, receipt key or pair of delays, to be applied after `changeDelaySlots`. Announcing
//! again replaces what is pending and starts the wait anew; a value of zero withdraws it.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    constants::{CHANGE_AUTHORITY, CHANGE_DELAYS, CHANGE_RECEIPT_KEY},
    data::Reader,
    error::{add, require, CasinoError},
    event, state,
    state::{delays_of, House},
    sysvars::slot,
};

const WITHDRAWN: [u8; 32] = [0; 32];

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let kind = reader.u8()?;
    let value = read_value(reader, kind)?;
    reader.finish()?;

    let [authority, house_account] = exactly(accounts)?;
    require_signer(authority, CasinoError::MissingAuthoritySignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(authority, &house.authority, CasinoError::WrongAuthority)?;

    let due = if value == WITHDRAWN {
        require(house.pending(kind).1 != 0, CasinoError::EmptyChange)?;
        0
    } else {
        add(slot()?, house.change_delay_slots)?
    };
    house.set_pending(kind, &value, due);
    event::emit(event::CHANGE_SCHEDULED, house_address.as_array(), &[&[kind], &value, &due.to_le_bytes()]);
    Ok(())
}

/// An address or key of 32 bytes, or two delays that the program's bounds allow; or zeros.
fn read_value(reader: &mut Reader, kind: u8) -> Result<[u8; 32], ProgramError> {
    match kind {
        CHANGE_AUTHORITY | CHANGE_RECEIPT_KEY => Ok(*reader.array()?),
        CHANGE_DELAYS => {
            let mut value = [0; 32];
            value[..16].copy_from_slice(reader.bytes(16)?);
            let (exit, change) = delays_of(&value);
            if value != WITHDRAWN {
                House::require_delays(exit, change)?;
            }
            Ok(value)
        }
        _ => Err(CasinoError::UnknownChange.into()),
    }
}
