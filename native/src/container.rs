//! The section container of the iden3 binary formats (r1cs, wtns, zkey): magic, version, then sections
//! `id u32 | length u64 | bytes`, all little endian. Every read is bounds-checked.

use crate::error::{Code, Failure, Result};
use std::collections::BTreeMap;

/// No format here has more sections; a longer list is refused before it is read.
const MAX_SECTIONS: u32 = 64;

/// Reads little-endian fields off the front of a slice; every method fails with `code` at the end of it.
pub struct Reader<'a> {
    rest: &'a [u8],
    code: Code,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], code: Code) -> Self {
        Reader { rest: bytes, code }
    }

    pub fn bytes(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self
            .rest
            .split_at_checked(count)
            .ok_or_else(|| Failure::new(self.code, "the file ends too early"))?;
        self.rest = rest;
        Ok(taken)
    }

    pub fn u32(&mut self) -> Result<u32> {
        let mut out = [0u8; 4];
        out.copy_from_slice(self.bytes(4)?);
        Ok(u32::from_le_bytes(out))
    }

    pub fn u64(&mut self) -> Result<u64> {
        let mut out = [0u8; 8];
        out.copy_from_slice(self.bytes(8)?);
        Ok(u64::from_le_bytes(out))
    }

    /// A u32 as an index type; lossless on every platform this is built for.
    pub fn size(&mut self) -> Result<usize> {
        Ok(self.u32()? as usize)
    }

    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Fails if bytes are left over.
    pub fn finish(&self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(Failure::new(self.code, "the file has bytes after its end"))
        }
    }
}

/// The sections of one file by id.
pub struct Container<'a> {
    sections: BTreeMap<u32, &'a [u8]>,
    code: Code,
}

/// What a file must start with, and the code its faults get.
pub struct Format {
    pub magic: &'static [u8; 4],
    pub max_version: u32,
    pub code: Code,
}

impl<'a> Container<'a> {
    /// Refuses another magic or version, a section twice, and bytes missing or left over.
    pub fn parse(bytes: &'a [u8], format: &Format) -> Result<Self> {
        let fail = |message: &'static str| Err(Failure::new(format.code, message));
        let mut reader = Reader::new(bytes, format.code);
        if reader.bytes(4)? != format.magic {
            return fail("the file has another magic number");
        }
        if !(1..=format.max_version).contains(&reader.u32()?) {
            return fail("the file has an unknown version");
        }
        let count = reader.u32()?;
        if count > MAX_SECTIONS {
            return fail("the file has too many sections");
        }
        let mut sections = BTreeMap::new();
        for _ in 0..count {
            let id = reader.u32()?;
            let Ok(length) = usize::try_from(reader.u64()?) else { return fail("a section is too long") };
            if sections.insert(id, reader.bytes(length)?).is_some() {
                return fail("the file has a section twice");
            }
        }
        reader.finish()?;
        Ok(Container { sections, code: format.code })
    }

    pub fn section(&self, id: u32) -> Result<&'a [u8]> {
        self.sections
            .get(&id)
            .copied()
            .ok_or_else(|| Failure::new(self.code, format!("section {id} is missing")))
    }

    pub fn has_section(&self, id: u32) -> bool {
        self.sections.contains_key(&id)
    }

    /// A section of exactly `length` bytes.
    pub fn section_of_length(&self, id: u32, length: usize) -> Result<&'a [u8]> {
        let section = self.section(id)?;
        if section.len() == length {
            return Ok(section);
        }
        Err(Failure::new(self.code, format!("section {id} has {} bytes, not {length}", section.len())))
    }
}

/// Builds a file of the same container.
pub struct ContainerWriter {
    bytes: Vec<u8>,
}

impl ContainerWriter {
    pub fn new(magic: &[u8; 4], version: u32, section_count: u32) -> Self {
        let mut bytes = magic.to_vec();
        bytes.extend_from_slice(&version.to_le_bytes());
        bytes.extend_from_slice(&section_count.to_le_bytes());
        ContainerWriter { bytes }
    }

    pub fn section(&mut self, id: u32, content: &[u8]) {
        self.bytes.extend_from_slice(&id.to_le_bytes());
        self.bytes.extend_from_slice(&(content.len() as u64).to_le_bytes());
        self.bytes.extend_from_slice(content);
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}
