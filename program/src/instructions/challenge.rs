//! `challenge`: the owner shows a receipt for a bet that is not settled. What the receipt promises beyond what the vault holds is
//! reserved of the house at once, until that bet is settled or the vault exits; bets before it change the amount as they lose or
//! win. A later receipt replaces an earlier one.
use pinocchio::{AccountView, Address, ProgramResult};

use crate::{
    accounts::{exactly, require_address, require_signer},
    data::Reader,
    error::{add, require, CasinoError},
    event,
    instruction_list::require_sysvar,
    receipt, state,
    state::{House, Vault},
    sysvars::slot,
};

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    reader.finish()?;
    let [owner, house_account, vault_account, sysvar] = exactly(accounts)?;
    require_signer(owner, CasinoError::MissingOwnerSignature)?;
    require_sysvar(sysvar)?;
    let house_address = *house_account.address();
    let vault_address = *vault_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    let mut vault = state::load_mut::<Vault>(vault_account, program_id)?;
    vault.require_house(&house_address)?;
    require_address(owner, &vault.owner, CasinoError::WrongOwner)?;
    vault.require_not_frozen()?;

    let now = slot()?;
    let list = sysvar.try_borrow()?;
    let receipt = receipt::verified(&list)?;
    require(receipt.domain == &house.domain, CasinoError::WrongReceiptDomain)?;
    require(receipt.house == house_address.as_array(), CasinoError::WrongReceiptHouse)?;
    require(receipt.vault == vault_address.as_array(), CasinoError::WrongReceiptVault)?;
    house.require_receipt_key(receipt.key, now)?;
    require(receipt.bet_number > vault.last_bet, CasinoError::StaleReceipt)?;
    require(receipt.bet_number > vault.challenge_bet, CasinoError::ExistingChallenge)?;

    house.release(vault.end_challenge())?;
    vault.challenge_bet = receipt.bet_number;
    vault.challenge_promised = receipt.balance_after;
    vault.challenge_covered = add(vault.balance, vault.pending_deposit)?;
    vault.challenge_reserved = house.reserve(vault.challenge_shortfall());
    vault.challenge_slot = now;
    vault.challenge_key = *receipt.key;

    let fields: [&[u8]; 4] = [
        vault_address.as_ref(),
        &vault.challenge_bet.to_le_bytes(),
        &vault.challenge_reserved.to_le_bytes(),
        receipt.key,
    ];
    event::emit(event::CHALLENGE_OPENED, house_address.as_array(), &fields);
    Ok(())
}
