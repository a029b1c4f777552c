//! The wtns file: one value per wire, wire 0 being the constant 1.

use crate::container::{Container, Format, Reader};
use crate::error::{Code, Result, ensure};
use crate::field::{FIELD_BYTES, from_le, limbs_from_le};
use ark_bn254::Fr;
use ark_ff::{One, PrimeField};

const FORMAT: Format = Format { magic: b"wtns", max_version: 2, code: Code::MalformedWitness };
const HEADER_BYTES: usize = 4 + FIELD_BYTES + 4;

/// Parses a witness of exactly `wire_count` wires. Errors: `MALFORMED_WITNESS`, `UNSUPPORTED_FILE` (another field).
pub fn parse(bytes: &[u8], wire_count: usize) -> Result<Vec<Fr>> {
    let file = Container::parse(bytes, &FORMAT)?;
    let mut header = Reader::new(file.section_of_length(1, HEADER_BYTES)?, FORMAT.code);
    ensure(header.size()? == FIELD_BYTES, Code::UnsupportedFile, "the witness is not over a 32-byte field")?;
    let modulus = limbs_from_le(header.bytes(FIELD_BYTES)?);
    ensure(
        modulus == Some(Fr::MODULUS),
        Code::UnsupportedFile,
        "the witness is not over the BN254 scalar field",
    )?;
    ensure(
        header.size()? == wire_count,
        FORMAT.code,
        "the witness has another number of wires than the key",
    )?;
    let values = file.section_of_length(2, wire_count * FIELD_BYTES)?;
    let mut witness = Vec::with_capacity(wire_count);
    for value in values.chunks_exact(FIELD_BYTES) {
        match from_le::<Fr>(value) {
            Some(value) => witness.push(value),
            None => ensure(false, FORMAT.code, "a witness value is not below the scalar modulus")?,
        }
    }
    ensure(witness.first().is_some_and(One::is_one), FORMAT.code, "wire 0 of the witness is not 1")?;
    Ok(witness)
}
