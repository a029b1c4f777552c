//! A vault: one bettor's balance in one house.
use pinocchio::{error::ProgramError, Address};

use super::{Header, State, StateErrors};
use crate::{
    accounts::derive,
    assert_layout,
    constants::{NEVER, VAULT_SEED},
    error::{add, require, sub, CasinoError},
    field::Fr,
};

/// A session key's hash and the slots, both included, in which it is valid. A zero hash is an empty slot.
#[repr(C)]
pub struct KeySlot {
    pub hash: Fr,
    pub from: u64,
    pub until: u64,
}

/// What challenges hold of a house: a part of its balance, and its payments as long as one is overdue.
pub struct Held {
    pub reserved: u64,
    pub overdue: u64,
}

#[repr(C)]
pub struct Vault {
    pub header: Header,
    pub frozen: u8,
    pub unused_11: u8,
    pub last_terms: u32,
    pub owner: [u8; 32],
    pub house: [u8; 32],
    pub account_id: Fr,
    pub keys: [KeySlot; 2],
    pub balance: u64,
    pub pending_deposit: u64,
    pub claimable: u64,
    pub request_amount: u64,
    pub request_deadline: u64,
    pub last_bet: u64,
    pub challenge_bet: u64,
    pub challenge_reserved: u64,
    pub challenge_slot: u64,
    pub challenge_key: [u8; 32],
    pub challenge_overdue: u8,
    pub unused_313: [u8; 7],
    /// What its receipt says the vault has after that bet.
    pub challenge_promised: u64,
    /// What the vault had when the challenge was opened, and has won or lost by bets since: what of the promise is covered.
    pub challenge_covered: u64,
    pub unused_336: [u8; 16],
}

assert_layout!(Vault, 352, {
    10: frozen,
    11: unused_11,
    12: last_terms,
    16: owner,
    48: house,
    80: account_id,
    112: keys,
    208: balance,
    216: pending_deposit,
    224: claimable,
    232: request_amount,
    240: request_deadline,
    248: last_bet,
    256: challenge_bet,
    264: challenge_reserved,
    272: challenge_slot,
    280: challenge_key,
    312: challenge_overdue,
    313: unused_313,
    320: challenge_promised,
    328: challenge_covered,
    336: unused_336,
});
assert_layout!(KeySlot, 48, { 0: hash, 32: from, 40: until, });

// SAFETY: `repr(C)`, begins with `Header`, offsets asserted gapless above, plain integers and bytes.
unsafe impl State for Vault {
    const DISCRIMINATOR: [u8; 8] = *b"zkvault\0";
    const ERRORS: StateErrors = StateErrors {
        readonly: CasinoError::ReadonlyVault,
        program: CasinoError::WrongVaultProgram,
        size: CasinoError::WrongVaultSize,
        discriminator: CasinoError::WrongVaultDiscriminator,
        version: CasinoError::WrongVaultVersion,
        address: CasinoError::WrongVaultAddress,
        existing: CasinoError::ExistingVault,
    };

    fn derived_address(&self, program_id: &Address) -> Result<[u8; 32], ProgramError> {
        derive([VAULT_SEED, &self.house, &self.owner], self.header.bump, program_id)
    }
}

impl Vault {
    pub fn require_house(&self, house: &Address) -> Result<(), ProgramError> {
        require(&self.house == house.as_array(), CasinoError::WrongVaultHouse)
    }

    pub fn require_not_frozen(&self) -> Result<(), ProgramError> {
        require(self.frozen == 0, CasinoError::FrozenVault)
    }

    /// The hash in key slot 0 or 1, if that key is valid in this slot.
    pub fn key_hash(&self, index: usize, slot: u64) -> Result<&Fr, ProgramError> {
        let key = &self.keys[index];
        require(key.hash != [0; 32], CasinoError::EmptyKeySlot)?;
        require(key.from <= slot, CasinoError::InactiveKeySlot)?;
        require(slot <= key.until, CasinoError::RetiredKeySlot)?;
        Ok(&key.hash)
    }

    /// Moves a part of the pending deposit into the balance.
    pub fn consume(&mut self, amount: u64) -> Result<(), ProgramError> {
        require(amount <= self.pending_deposit, CasinoError::ExceededPendingDeposit)?;
        self.pending_deposit = sub(self.pending_deposit, amount)?;
        self.balance = add(self.balance, amount)?;
        Ok(())
    }

    /// Pays the open request, as far as balance and then pending deposit reach, into claimable, and clears it. Without an open
    /// request it does nothing. Returns what was paid.
    pub fn pay_request(&mut self) -> Result<u64, ProgramError> {
        let from_balance = self.request_amount.min(self.balance);
        let from_pending = sub(self.request_amount, from_balance)?.min(self.pending_deposit);
        let paid = add(from_balance, from_pending)?;
        self.balance = sub(self.balance, from_balance)?;
        self.pending_deposit = sub(self.pending_deposit, from_pending)?;
        self.claimable = add(self.claimable, paid)?;
        self.request_amount = 0;
        self.request_deadline = 0;
        Ok(paid)
    }

    /// Makes `hash` the present key from slot `from` on, in the slot that the present key does not hold; that key ends with slot
    /// `until`. Refused while a key before it is valid, since the new one takes its place.
    pub fn rotate_key(&mut self, hash: &Fr, (from, until): (u64, u64), now: u64) -> Result<(), ProgramError> {
        let present = usize::from(self.keys[0].until != NEVER);
        let other = 1 ^ present;
        require(self.keys[present].until == NEVER, CasinoError::RetiredKeySlot)?;
        // An empty slot's `until` is zero.
        require(self.keys[other].until < now, CasinoError::ExistingRotation)?;
        require(&self.keys[present].hash != hash, CasinoError::ExistingSessionKey)?;
        self.keys[present].until = until;
        self.keys[other] = KeySlot { hash: *hash, from, until: NEVER };
        Ok(())
    }

    /// Freezes the vault for ever with all it has claimable; returns what that moved.
    pub fn exit(&mut self) -> Result<u64, ProgramError> {
        let amount = add(self.balance, self.pending_deposit)?;
        self.claimable = add(self.claimable, amount)?;
        self.balance = 0;
        self.pending_deposit = 0;
        self.request_amount = 0;
        self.request_deadline = 0;
        self.frozen = 1;
        Ok(amount)
    }

    /// Ends the challenge, if one is open; what it held of the house is returned, for `House::release`.
    pub fn end_challenge(&mut self) -> Held {
        let held = Held { reserved: self.challenge_reserved, overdue: u64::from(self.challenge_overdue) };
        self.challenge_bet = 0;
        self.challenge_reserved = 0;
        self.challenge_slot = 0;
        self.challenge_key = [0; 32];
        self.challenge_overdue = 0;
        self.challenge_promised = 0;
        self.challenge_covered = 0;
        held
    }

    /// What the challenge's receipt promises and is not covered.
    pub fn challenge_shortfall(&self) -> u64 {
        self.challenge_promised.saturating_sub(self.challenge_covered)
    }
}
