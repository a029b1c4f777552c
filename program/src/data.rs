//! Reads instruction data: fixed widths, little endian, nothing missing and nothing left over.
use pinocchio::error::ProgramError;

use crate::error::{require, CasinoError};

/// A cursor over instruction data.
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub fn new(data: &'a [u8]) -> Self {
        Self { rest: data }
    }

    /// The next `count` bytes.
    #[inline(always)]
    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8], ProgramError> {
        require(self.rest.len() >= count, CasinoError::WrongDataSize)?;
        let (head, tail) = self.rest.split_at(count);
        self.rest = tail;
        Ok(head)
    }

    /// The next N bytes as an array.
    #[inline(always)]
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], ProgramError> {
        let (head, tail) = self.rest.split_first_chunk::<N>().ok_or(CasinoError::WrongDataSize)?;
        self.rest = tail;
        Ok(head)
    }

    #[inline(always)]
    pub fn u8(&mut self) -> Result<u8, ProgramError> {
        Ok(self.array::<1>()?[0])
    }

    #[inline(always)]
    pub fn u16(&mut self) -> Result<u16, ProgramError> {
        Ok(u16::from_le_bytes(*self.array()?))
    }

    #[inline(always)]
    pub fn u32(&mut self) -> Result<u32, ProgramError> {
        Ok(u32::from_le_bytes(*self.array()?))
    }

    #[inline(always)]
    pub fn u64(&mut self) -> Result<u64, ProgramError> {
        Ok(u64::from_le_bytes(*self.array()?))
    }

    /// Everything not yet read.
    #[inline(always)]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Refuses bytes left over.
    #[inline(always)]
    pub fn finish(&self) -> Result<(), ProgramError> {
        require(self.rest.is_empty(), CasinoError::WrongDataSize)
    }
}
