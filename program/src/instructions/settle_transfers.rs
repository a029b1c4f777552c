//! `settle_transfers`: consumes deposits and pays requests without a proof, under its own counter, so that money moves while the
//! prover is down. The settler names only vaults without unsettled bets.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{require_address, require_signer},
    constants::MAX_VAULTS,
    data::Reader,
    error::{add, require, CasinoError},
    event::{self, Event, TRANSFERS_SETTLED},
    state,
    state::{House, Vault},
    transfers::{read_consume, read_flags, require_ascending, FLAG_CONSUME, FLAG_PAY},
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let transfer_number = reader.u64()?;
    let leader_epoch = reader.u64()?;
    let leader_nonce = reader.u64()?;
    let vault_count = reader.u8()?;
    require(vault_count > 0, CasinoError::ZeroVaults)?;
    require(u16::from(vault_count) <= MAX_VAULTS, CasinoError::ExceededVaults)?;

    let [settler, house_account, vaults @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    require(vaults.len() == usize::from(vault_count), CasinoError::WrongAccountCount)?;
    require_signer(settler, CasinoError::MissingSettlerSignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(settler, &house.settler, CasinoError::WrongSettler)?;
    house.require_leader(leader_epoch, leader_nonce)?;
    require(add(house.last_transfer, 1)? == transfer_number, CasinoError::WrongTransferNumber)?;
    house.last_transfer = transfer_number;

    let mut buffer = event::EMPTY;
    let mut event = Event::new(&mut buffer, TRANSFERS_SETTLED);
    event.put(house_address.as_ref()).put_u64(transfer_number).put(&[vault_count]);
    let mut previous: Option<Address> = None;
    for account in vaults {
        let address = *account.address();
        require_ascending(previous.as_ref(), &address)?;
        previous = Some(address);
        let mut vault = state::load_mut::<Vault>(account, program_id)?;
        vault.require_house(&house_address)?;
        let (consumed, paid) = settle(&mut vault, reader)?;
        event.put(address.as_ref()).put_u64(consumed).put_u64(paid).put_u64(vault.balance);
    }
    reader.finish()?;
    event.emit();
    Ok(())
}

/// One vault: deposit, then withdrawal. Returns what was consumed and paid.
fn settle(vault: &mut Vault, reader: &mut Reader) -> Result<(u64, u64), ProgramError> {
    vault.require_not_frozen()?;
    let flags = read_flags(reader, FLAG_PAY | FLAG_CONSUME)?;
    let consumed = read_consume(reader, flags)?;
    vault.consume(consumed)?;
    let paid = if flags & FLAG_PAY == 0 { 0 } else { vault.pay_request()? };
    Ok((consumed, paid))
}
