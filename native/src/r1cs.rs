//! The r1cs file of circom: rank-1 constraints `A w * B w = C w`.

use crate::container::{Container, Format, Reader};
use crate::error::{Code, Failure, Result, ensure};
use crate::field::{FIELD_BYTES, from_le, limbs_from_le};
use ark_bn254::Fr;
use ark_ff::PrimeField;

const FORMAT: Format = Format { magic: b"r1cs", max_version: 1, code: Code::MalformedR1cs };
/// Sections of circuits with custom gates (PLONK), which Groth16 cannot express.
const CUSTOM_GATE_SECTIONS: [u32; 2] = [4, 5];
const LABEL_BYTES: usize = 8;
/// The most constraints, and the most wires, that are accepted.
pub const MAX_SIZE: usize = 1 << 22;

/// One linear combination: `(wire, coefficient)`.
pub type Combination = Vec<(usize, Fr)>;

pub struct R1cs {
    pub wire_count: usize,
    /// Outputs and public inputs: wires 1 to this.
    pub public_count: usize,
    /// `[A, B, C]` of each constraint.
    pub constraints: Vec<[Combination; 3]>,
}

/// Errors: `MALFORMED_R1CS`, `UNSUPPORTED_FILE` (another field, custom gates), `TOO_LARGE`.
pub fn parse(bytes: &[u8]) -> Result<R1cs> {
    let file = Container::parse(bytes, &FORMAT)?;
    let custom_gates =
        CUSTOM_GATE_SECTIONS.iter().any(|&id| file.section(id).is_ok_and(|s| s.iter().any(|&b| b != 0)));
    ensure(!custom_gates, Code::UnsupportedFile, "the circuit uses custom gates")?;

    let mut header = Reader::new(file.section(1)?, FORMAT.code);
    ensure(header.size()? == FIELD_BYTES, Code::UnsupportedFile, "the circuit is not over a 32-byte field")?;
    let modulus = limbs_from_le(header.bytes(FIELD_BYTES)?);
    ensure(
        modulus == Some(Fr::MODULUS),
        Code::UnsupportedFile,
        "the circuit is not over the BN254 scalar field",
    )?;
    let wire_count = header.size()?;
    let (outputs, public_inputs, private_inputs) = (header.size()?, header.size()?, header.size()?);
    header.u64()?; // labels: of use to debuggers only
    let constraint_count = header.size()?;
    header.finish()?;
    ensure(
        wire_count <= MAX_SIZE && constraint_count <= MAX_SIZE,
        Code::TooLarge,
        "the circuit has over 2^22 wires",
    )?;
    let public_count = outputs + public_inputs;
    ensure(
        wire_count > public_count + private_inputs,
        FORMAT.code,
        "the circuit has more inputs and outputs than wires",
    )?;

    // One label per wire: so a short file cannot ask for work on millions of wires.
    file.section_of_length(3, wire_count * LABEL_BYTES)?;
    let mut reader = Reader::new(file.section(2)?, FORMAT.code);
    let mut constraints = Vec::new();
    for _ in 0..constraint_count {
        let mut constraint: [Combination; 3] = Default::default();
        for combination in &mut constraint {
            *combination = parse_combination(&mut reader, wire_count)?;
        }
        constraints.push(constraint);
    }
    reader.finish()?;
    Ok(R1cs { wire_count, public_count, constraints })
}

fn parse_combination(reader: &mut Reader<'_>, wire_count: usize) -> Result<Combination> {
    let count = reader.size()?;
    ensure(count <= wire_count, FORMAT.code, "a constraint has more terms than the circuit has wires")?;
    let mut combination = Combination::new();
    for _ in 0..count {
        let wire = reader.size()?;
        ensure(wire < wire_count, FORMAT.code, "a constraint names a wire that is not there")?;
        let coefficient = from_le(reader.bytes(FIELD_BYTES)?)
            .ok_or_else(|| Failure::new(FORMAT.code, "a coefficient is not below the scalar modulus"))?;
        combination.push((wire, coefficient));
    }
    Ok(combination)
}
