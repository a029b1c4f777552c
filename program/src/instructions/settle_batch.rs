//! `settle_batch`: settles one run of bets for each of up to M vaults, if the batch's proof verifies.
//!
//! The public input is rebuilt from the program's own accounts and the instruction, so what is proven is what is settled. The
//! vaults are changed while it is rebuilt and the proof is verified last: any failure undoes the whole transaction.
use pinocchio::{error::ProgramError, AccountView, Address, ProgramResult};

use crate::{
    accounts::{require_address, require_signer},
    data::Reader,
    error::{add, require, CasinoError},
    event::{self, Event, BATCH_SETTLED},
    field::{high, low},
    groth16,
    public_input::{header_pack, outcomes_field, PublicInput, Run},
    state,
    state::{Held, House, Terms, Vault, VerifyingKey},
    sysvars::slot,
    transfers::{read_consume, read_flags, require_ascending, FLAG_CONSUME, FLAG_KEY_SLOT, FLAG_PAY},
};

/// Where `houseBalanceAfter` lies in the event: it is known only at the end.
const EVENT_HOUSE_BALANCE_OFFSET: usize = 86;

/// The instruction's data up to the outcomes.
struct Head<'a> {
    key_id: u16,
    batch_number: u64,
    leader_epoch: u64,
    leader_nonce: u64,
    blob_hash: &'a [u8; 32],
    proof: &'a [u8; 128],
}

/// The part after it, whose length the verifying key decides.
struct Bets<'a> {
    outcomes: &'a [u8],
    vault_count: u8,
    bet_count: u16,
}

/// What the vaults' runs are settled under, and what they add up to.
struct Settlement<'a> {
    program_id: &'a Address,
    house: &'a mut House,
    house_address: Address,
    terms_id: u32,
    slot: u64,
    input: &'a mut PublicInput,
    event: Event<'a>,
    sum_start: u64,
    sum_after: u64,
}

#[inline(never)]
pub fn process(program_id: &Address, accounts: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
    let head = read_head(reader)?;
    let [settler, house_account, terms_account, key_account, vaults @ ..] = accounts else {
        return Err(CasinoError::WrongAccountCount.into());
    };
    require_signer(settler, CasinoError::MissingSettlerSignature)?;
    let house_address = *house_account.address();
    let mut house = state::load_mut::<House>(house_account, program_id)?;
    require_address(settler, &house.settler, CasinoError::WrongSettler)?;
    let terms = state::load::<Terms>(terms_account, program_id)?;
    terms.require_house(&house_address)?;
    let key = state::load::<VerifyingKey>(key_account, program_id)?;
    key.require_house(&house_address)?;
    let slot = slot()?;
    check_head(&head, &house, &key, slot)?;

    let bets = read_bets(reader, &key, vaults.len())?;
    let mut input = PublicInput::default();
    absorb_header(&mut input, &head, &terms, &bets)?;
    let mut buffer = event::EMPTY;
    let mut event = Event::new(&mut buffer, BATCH_SETTLED);
    put_event_head(&mut event, &house_address, &head, (terms.id, &bets));

    let mut settlement = Settlement {
        program_id,
        house: &mut house,
        house_address,
        terms_id: terms.id,
        slot,
        input: &mut input,
        event,
        sum_start: 0,
        sum_after: 0,
    };
    settlement.settle_vaults(vaults, reader)?;
    reader.finish()?;

    // The bettors' gains are the house's losses. Nothing else moves between them.
    let house = settlement.house;
    house.balance = add(house.balance, settlement.sum_start)?
        .checked_sub(settlement.sum_after)
        .ok_or(CasinoError::InsufficientHouseBalance)?;
    house.last_batch = head.batch_number;
    house.last_blob_hash = *head.blob_hash;
    settlement.event.set_u64(EVENT_HOUSE_BALANCE_OFFSET, house.balance);

    absorb_unused(settlement.input, key.max_vaults, bets.vault_count)?;
    groth16::verify(&key.key, &settlement.input.finish()?, head.proof)?;
    settlement.event.emit();
    Ok(())
}

fn read_head<'a>(reader: &mut Reader<'a>) -> Result<Head<'a>, ProgramError> {
    Ok(Head {
        key_id: reader.u16()?,
        batch_number: reader.u64()?,
        leader_epoch: reader.u64()?,
        leader_nonce: reader.u64()?,
        blob_hash: reader.array()?,
        proof: reader.array()?,
    })
}

fn check_head(head: &Head, house: &House, key: &VerifyingKey, slot: u64) -> ProgramResult {
    require(key.id == head.key_id, CasinoError::WrongVerifyingKeyId)?;
    key.require_active(slot)?;
    house.require_leader(head.leader_epoch, head.leader_nonce)?;
    require(add(house.last_batch, 1)? == head.batch_number, CasinoError::WrongBatchNumber)
}

/// Reads outcomes and vault count, and looks ahead at every run's length: the batch's bets must fit the key, and no outcome bit
/// beyond them may be set.
#[inline(never)]
fn read_bets<'a>(
    reader: &mut Reader<'a>,
    key: &VerifyingKey,
    vaults: usize,
) -> Result<Bets<'a>, ProgramError> {
    let outcomes = reader.bytes(usize::from(key.max_bets).wrapping_add(7) >> 3)?;
    let vault_count = reader.u8()?;
    require(vault_count > 0, CasinoError::ZeroVaults)?;
    require(u16::from(vault_count) <= key.max_vaults, CasinoError::ExceededVaults)?;
    require(vaults == usize::from(vault_count), CasinoError::WrongAccountCount)?;

    let mut ahead = Reader::new(reader.rest());
    let mut bet_count = 0u16;
    for _ in 0..vault_count {
        bet_count = bet_count.wrapping_add(u16::from(read_run(&mut ahead)?.bet_count));
        // at most 32 * 255
    }
    require(bet_count <= key.max_bets, CasinoError::ExceededBets)?;
    let used = usize::from(bet_count);
    for (index, byte) in outcomes.iter().enumerate() {
        let bits = used.saturating_sub(index << 3).min(8) as u32;
        require(u32::from(*byte) >> bits == 0, CasinoError::InvalidOutcomes)?;
    }
    Ok(Bets { outcomes, vault_count, bet_count })
}

/// One vault's part of the instruction.
struct RunData {
    flags: u8,
    bet_count: u8,
    after: u64,
    consume: u64,
}

fn read_run(reader: &mut Reader) -> Result<RunData, ProgramError> {
    let flags = read_flags(reader, FLAG_KEY_SLOT | FLAG_PAY | FLAG_CONSUME)?;
    let bet_count = reader.u8()?;
    require(bet_count > 0, CasinoError::ZeroBets)?;
    let after = reader.u64()?;
    let consume = read_consume(reader, flags)?;
    Ok(RunData { flags, bet_count, after, consume })
}

#[inline(never)]
fn absorb_header(input: &mut PublicInput, head: &Head, terms: &Terms, bets: &Bets) -> ProgramResult {
    input.absorb(&header_pack(head.batch_number, terms.id, terms.profit_bps))?;
    input.absorb(&terms.vrf_commitment)?;
    input.absorb(&high(head.blob_hash))?;
    input.absorb(&low(head.blob_hash))?;
    input.absorb(&outcomes_field(bets.outcomes))
}

/// Unused slots are zero: three fields each.
fn absorb_unused(input: &mut PublicInput, max_vaults: u16, used: u8) -> ProgramResult {
    for _ in u16::from(used)..max_vaults {
        for _ in 0..3 {
            input.absorb(&[0; 32])?;
        }
    }
    Ok(())
}

fn put_event_head(event: &mut Event, house: &Address, head: &Head, (terms_id, bets): (u32, &Bets)) {
    event
        .put(house.as_ref())
        .put_u64(head.batch_number)
        .put(&terms_id.to_le_bytes())
        .put(&head.key_id.to_le_bytes())
        .put(head.blob_hash)
        .put_u64(0)
        .put(&bets.bet_count.to_le_bytes())
        .put(&[bets.vault_count])
        .put(&bets.outcomes[..usize::from(bets.bet_count).wrapping_add(7) >> 3]);
}

impl Settlement<'_> {
    #[inline(never)]
    fn settle_vaults(&mut self, vaults: &mut [AccountView], reader: &mut Reader) -> ProgramResult {
        let mut previous: Option<Address> = None;
        for account in vaults {
            let address = *account.address();
            require_ascending(previous.as_ref(), &address)?;
            previous = Some(address);
            let mut vault = state::load_mut::<Vault>(account, self.program_id)?;
            self.settle_vault(&mut vault, &address, &read_run(reader)?)?;
        }
        Ok(())
    }

    /// One vault: deposit, run, withdrawal, in that order.
    #[inline(never)]
    fn settle_vault(&mut self, vault: &mut Vault, address: &Address, data: &RunData) -> ProgramResult {
        vault.require_house(&self.house_address)?;
        vault.require_not_frozen()?;
        require(self.terms_id >= vault.last_terms, CasinoError::StaleTerms)?;
        vault.consume(data.consume)?;

        let run = Run {
            start: vault.balance,
            after: data.after,
            first_bet: add(vault.last_bet, 1)?,
            bet_count: u16::from(data.bet_count),
        };
        self.input.absorb(&vault.account_id)?;
        self.input.absorb(vault.key_hash(usize::from(data.flags & FLAG_KEY_SLOT), self.slot)?)?;
        self.input.absorb(&run.pack())?;
        self.sum_start = add(self.sum_start, run.start)?;
        self.sum_after = add(self.sum_after, run.after)?;
        vault.balance = run.after;
        vault.last_bet = add(vault.last_bet, u64::from(data.bet_count))?;
        vault.last_terms = self.terms_id;
        if vault.challenge_bet > 0 {
            self.settle_challenge(vault, &run)?;
        }

        let paid = if data.flags & FLAG_PAY == 0 { 0 } else { vault.pay_request()? };
        self.event
            .put(address.as_ref())
            .put_u64(run.start)
            .put_u64(run.after)
            .put_u64(run.first_bet)
            .put(&run.bet_count.to_le_bytes())
            .put_u64(data.consume)
            .put_u64(paid);
        Ok(())
    }

    /// A run up to the challenge's bet answers the challenge; one of bets before it changes what is lacking of the promise.
    #[inline(never)]
    fn settle_challenge(&mut self, vault: &mut Vault, run: &Run) -> ProgramResult {
        if vault.last_bet >= vault.challenge_bet {
            return self.house.release(vault.end_challenge());
        }
        self.house.release(Held { reserved: vault.challenge_reserved, overdue: 0 })?;
        vault.challenge_covered = vault.challenge_covered.saturating_add(run.after).saturating_sub(run.start);
        vault.challenge_reserved = self.house.reserve(vault.challenge_shortfall());
        Ok(())
    }
}
