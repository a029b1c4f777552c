//! The batch's one public input: a Poseidon chain over its public data (layouts, section 2).
use pinocchio::error::ProgramError;

use crate::field::{poseidon, Fr};

/// `P1(1)`, the chain's first state; the tests derive it anew.
const INITIAL_STATE: Fr = [
    0x29, 0x17, 0x61, 0x00, 0xea, 0xa9, 0x62, 0xbd, 0xc1, 0xfe, 0x6c, 0x65, 0x4d, 0x6a, 0x3c, 0x13, 0x0e,
    0x96, 0xa4, 0xd1, 0x16, 0x8b, 0x33, 0x84, 0x8b, 0x89, 0x7d, 0xc5, 0x02, 0x82, 0x01, 0x33,
];
/// Fields hashed at once, beside the state.
const RATE: usize = 11;

/// Absorbs fields in order.
pub struct PublicInput {
    state: Fr,
    block: [Fr; RATE],
    filled: usize,
}

impl Default for PublicInput {
    fn default() -> Self {
        Self { state: INITIAL_STATE, block: [[0; 32]; RATE], filled: 0 }
    }
}

impl PublicInput {
    /// Takes the next field.
    #[inline(never)]
    pub fn absorb(&mut self, field: &Fr) -> Result<(), ProgramError> {
        self.block[self.filled] = *field;
        self.filled = self.filled.wrapping_add(1);
        if self.filled == RATE {
            self.hash()?;
        }
        Ok(())
    }

    /// The public input, after zeros up to a whole block.
    pub fn finish(&mut self) -> Result<Fr, ProgramError> {
        if self.filled > 0 {
            self.hash()?;
        }
        Ok(self.state)
    }

    /// Hashes the block (zero where nothing was absorbed) into the state.
    fn hash(&mut self) -> Result<(), ProgramError> {
        let [a, b, c, d, e, f, g, h, i, j, k] = &self.block;
        self.state = poseidon(&[&self.state, a, b, c, d, e, f, g, h, i, j, k])?;
        self.block = [[0; 32]; RATE];
        self.filled = 0;
        Ok(())
    }
}

/// `pack(batchNumber:64, termsId:32, profitBps:32)`.
pub fn header_pack(batch_number: u64, terms_id: u32, profit_bps: u32) -> Fr {
    let mut out = [0u8; 32];
    out[16..20].copy_from_slice(&profit_bps.to_be_bytes());
    out[20..24].copy_from_slice(&terms_id.to_be_bytes());
    out[24..].copy_from_slice(&batch_number.to_be_bytes());
    out
}

/// A vault's run of bets as the proof sees it.
pub struct Run {
    pub start: u64,
    pub after: u64,
    pub first_bet: u64,
    pub bet_count: u16,
}

impl Run {
    /// `pack(start:64, after:64, firstBet:64, betCount:16)`.
    pub fn pack(&self) -> Fr {
        let mut out = [0u8; 32];
        out[6..8].copy_from_slice(&self.bet_count.to_be_bytes());
        out[8..16].copy_from_slice(&self.first_bet.to_be_bytes());
        out[16..24].copy_from_slice(&self.after.to_be_bytes());
        out[24..].copy_from_slice(&self.start.to_be_bytes());
        out
    }
}

/// Outcome bits (row i in bit i mod 8 of byte i div 8; at most 32 bytes) as one number.
pub fn outcomes_field(outcomes: &[u8]) -> Fr {
    let mut out = [0u8; 32];
    for (to, from) in out.iter_mut().rev().zip(outcomes) {
        *to = *from;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Catches swapped or shifted lanes: each is set to a value that names it.
    #[test]
    fn lanes_lie_lowest_first() {
        let run = Run { start: 1, after: 2, first_bet: 3, bet_count: 4 }.pack();
        assert_eq!((run[31], run[23], run[15], run[7]), (1, 2, 3, 4));
        let header = header_pack(1, 2, 3);
        assert_eq!((header[31], header[23], header[19]), (1, 2, 3));
        assert_eq!(outcomes_field(&[1, 2])[30..], [2, 1]);
    }
}
