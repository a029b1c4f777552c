//! The Groth16 zkey file of snarkjs, read and checked in full: nothing of it is used unchecked. The points of the queries
//! are checked when they are decoded.

use crate::container::{Container, Format, Reader};
use crate::error::{Code, Failure, Result, ensure};
use crate::field::{FIELD_BYTES, limbs_from_le};
use crate::groth16::VerifyingKey;
use crate::points::ZkeyCurve;
use ark_bn254::{Fq, Fr, G1Affine, G2Affine, g1, g2};
use ark_ec::short_weierstrass::Affine;
use ark_ff::{BigInt, PrimeField};
use rayon::prelude::*;
use std::collections::HashMap;
use std::marker::PhantomData;

pub const FORMAT: Format = Format { magic: b"zkey", max_version: 1, code: Code::MalformedZkey };
pub const PROTOCOL_GROTH16: u32 = 1;
/// Section ids.
pub const PROTOCOL: u32 = 1;
pub const HEADER: u32 = 2;
pub const IC: u32 = 3;
pub const COEFFICIENTS: u32 = 4;
pub const A_POINTS: u32 = 5;
pub const B1_POINTS: u32 = 6;
pub const B2_POINTS: u32 = 7;
pub const C_POINTS: u32 = 8;
pub const H_POINTS: u32 = 9;
pub const CONTRIBUTIONS: u32 = 10;
/// A section of ours that marks keys of `setup.rs`; others skip it. Its absence proves nothing.
pub const DEVELOPMENT_MARK: u32 = 1000;

/// The most constraints (rounded up to a power of two), and the most wires, that are accepted.
const MAX_SIZE: usize = 1 << 22;
const COEFFICIENT_BYTES: usize = 12 + FIELD_BYTES;

/// One of the matrices A and B by rows; equal coefficients are stored once.
pub struct Matrix {
    row_starts: Vec<u32>,
    /// `(wire, index into coefficients)`
    entries: Vec<(u32, u32)>,
    coefficients: Vec<Fr>,
}

/// The points of one query, of which only the number is checked so far.
pub struct RawPoints<'a, P> {
    bytes: &'a [u8],
    curve: PhantomData<P>,
}

pub struct Zkey<'a> {
    pub wire_count: usize,
    pub public_count: usize,
    pub domain_size: usize,
    pub verifying_key: VerifyingKey,
    pub beta_g1: G1Affine,
    pub delta_g1: G1Affine,
    pub a_matrix: Matrix,
    pub b_matrix: Matrix,
    pub a_points: RawPoints<'a, g1::Config>,
    pub b1_points: RawPoints<'a, g1::Config>,
    pub b2_points: RawPoints<'a, g2::Config>,
    /// Of wires `public_count + 1 ..`.
    pub c_points: RawPoints<'a, g1::Config>,
    pub h_points: RawPoints<'a, g1::Config>,
    pub is_development_key: bool,
}

struct Header {
    wire_count: usize,
    public_count: usize,
    domain_size: usize,
    /// alpha, beta, delta
    g1: [G1Affine; 3],
    /// beta, gamma, delta
    g2: [G2Affine; 3],
}

/// Errors: `MALFORMED_ZKEY`, `UNSUPPORTED_FILE` (another curve or protocol), `TOO_LARGE`.
pub fn parse(bytes: &[u8]) -> Result<Zkey<'_>> {
    let file = Container::parse(bytes, &FORMAT)?;
    let header = parse_header(&file)?;
    let Header { wire_count, public_count, domain_size, .. } = header;
    let [alpha_g1, beta_g1, delta_g1] = header.g1;
    let [beta_g2, gamma_g2, delta_g2] = header.g2;
    let ic = RawPoints::section(&file, IC, public_count + 1)?.decode()?;
    let [a_matrix, b_matrix] = parse_matrices(file.section(COEFFICIENTS)?, wire_count, domain_size)?;
    Ok(Zkey {
        wire_count,
        public_count,
        domain_size,
        verifying_key: VerifyingKey { alpha_g1, beta_g2, gamma_g2, delta_g2, ic },
        beta_g1,
        delta_g1,
        a_matrix,
        b_matrix,
        a_points: RawPoints::section(&file, A_POINTS, wire_count)?,
        b1_points: RawPoints::section(&file, B1_POINTS, wire_count)?,
        b2_points: RawPoints::section(&file, B2_POINTS, wire_count)?,
        c_points: RawPoints::section(&file, C_POINTS, wire_count - public_count - 1)?,
        h_points: RawPoints::section(&file, H_POINTS, domain_size)?,
        is_development_key: file.has_section(DEVELOPMENT_MARK),
    })
}

/// The verifying key alone, with the same checks of what it consists of.
pub fn parse_verifying_key(bytes: &[u8]) -> Result<VerifyingKey> {
    let file = Container::parse(bytes, &FORMAT)?;
    let header = parse_header(&file)?;
    let ic = RawPoints::section(&file, IC, header.public_count + 1)?.decode()?;
    let [alpha_g1, ..] = header.g1;
    let [beta_g2, gamma_g2, delta_g2] = header.g2;
    Ok(VerifyingKey { alpha_g1, beta_g2, gamma_g2, delta_g2, ic })
}

fn parse_header(file: &Container<'_>) -> Result<Header> {
    let mut protocol = Reader::new(file.section_of_length(PROTOCOL, 4)?, FORMAT.code);
    ensure(protocol.u32()? == PROTOCOL_GROTH16, Code::UnsupportedFile, "the key is not a Groth16 key")?;

    let mut reader = Reader::new(file.section(HEADER)?, FORMAT.code);
    for modulus in [Fq::MODULUS, Fr::MODULUS] {
        let size_fits = reader.size()? == FIELD_BYTES;
        ensure(size_fits, Code::UnsupportedFile, "the key is not over 32-byte fields")?;
        let found = limbs_from_le(reader.bytes(FIELD_BYTES)?);
        ensure(found == Some(modulus), Code::UnsupportedFile, "the key is not over BN254")?;
    }
    let (wire_count, public_count, domain_size) = (reader.size()?, reader.size()?, reader.size()?);
    ensure(
        wire_count <= MAX_SIZE && domain_size <= MAX_SIZE,
        Code::TooLarge,
        "the key is for over 2^22 constraints",
    )?;
    ensure(public_count < wire_count, FORMAT.code, "the key has more public inputs than wires")?;
    ensure(domain_size.is_power_of_two(), FORMAT.code, "the domain size is not a power of two")?;

    let alpha_g1 = header_point::<g1::Config>(&mut reader)?;
    let beta_g1 = header_point::<g1::Config>(&mut reader)?;
    let beta_g2 = header_point::<g2::Config>(&mut reader)?;
    let gamma_g2 = header_point::<g2::Config>(&mut reader)?;
    let delta_g1 = header_point::<g1::Config>(&mut reader)?;
    let delta_g2 = header_point::<g2::Config>(&mut reader)?;
    reader.finish()?;
    let (g1, g2) = ([alpha_g1, beta_g1, delta_g1], [beta_g2, gamma_g2, delta_g2]);
    Ok(Header { wire_count, public_count, domain_size, g1, g2 })
}

fn bad_point() -> Failure {
    Failure::new(FORMAT.code, "a point is not canonical, not on the curve, or outside the subgroup")
}

fn header_point<P: ZkeyCurve>(reader: &mut Reader<'_>) -> Result<Affine<P>> {
    let point = P::from_zkey(reader.bytes(P::BYTES)?).ok_or_else(bad_point)?;
    ensure(!point.infinity, FORMAT.code, "a point of the key's header is the identity")?;
    Ok(point)
}

impl<'a, P: ZkeyCurve> RawPoints<'a, P> {
    fn section(file: &Container<'a>, id: u32, count: usize) -> Result<Self> {
        Ok(RawPoints { bytes: file.section_of_length(id, count * P::BYTES)?, curve: PhantomData })
    }

    pub fn count(&self) -> usize {
        self.bytes.len() / P::BYTES
    }

    /// The indices of those that are not the identity, which is all zeros.
    pub fn nonzero(&self) -> Vec<u32> {
        let is_nonzero = |bytes: &[u8]| bytes.iter().any(|&byte| byte != 0);
        let indexed = (0u32..).zip(self.bytes.chunks_exact(P::BYTES));
        indexed.filter(|(_, bytes)| is_nonzero(bytes)).map(|(index, _)| index).collect()
    }

    /// Decodes and checks each. Errors: `MALFORMED_ZKEY`.
    pub fn decode(&self) -> Result<Vec<Affine<P>>> {
        let chunks = self.bytes.par_chunks_exact(P::BYTES);
        chunks.map(|bytes| P::from_zkey(bytes).ok_or_else(bad_point)).collect()
    }
}

/// Entries `matrix u32 | row u32 | wire u32 | coefficient`, the last times the Montgomery factor squared.
fn parse_matrices(section: &[u8], wire_count: usize, domain_size: usize) -> Result<[Matrix; 2]> {
    let mut reader = Reader::new(section, FORMAT.code);
    let count = reader.size()?;
    ensure(
        section.len() == 4 + count * COEFFICIENT_BYTES,
        FORMAT.code,
        "section 4 has another length than it says",
    )?;
    let mut rows: [Vec<(u32, u32, u32)>; 2] = Default::default();
    let mut coefficients = Vec::new();
    let mut index_of: HashMap<BigInt<4>, u32> = HashMap::new();
    for _ in 0..count {
        let (matrix, row, wire) = (reader.size()?, reader.u32()?, reader.u32()?);
        let limbs = limbs_from_le(reader.bytes(FIELD_BYTES)?).unwrap_or_default();
        ensure(limbs < Fr::MODULUS, FORMAT.code, "a coefficient is not below the scalar modulus")?;
        ensure((row as usize) < domain_size, FORMAT.code, "a coefficient names a row outside the domain")?;
        ensure((wire as usize) < wire_count, FORMAT.code, "a coefficient names a wire that is not there")?;
        let Some(rows) = rows.get_mut(matrix) else {
            return Err(Failure::new(FORMAT.code, "a coefficient names a matrix other than A and B"));
        };
        let index = *index_of.entry(limbs).or_insert_with(|| {
            // The limbs are canonical (checked above). Read as an inner form twice, the factor is divided out twice.
            let once_reduced = Fr::new_unchecked(limbs).into_bigint();
            coefficients.push(Fr::new_unchecked(once_reduced));
            (coefficients.len() - 1) as u32
        });
        rows.push((row, wire, index));
    }
    Ok(rows.map(|entries| Matrix::new(entries, coefficients.clone(), domain_size)))
}

impl Matrix {
    fn new(mut entries: Vec<(u32, u32, u32)>, coefficients: Vec<Fr>, row_count: usize) -> Self {
        entries.sort_by_key(|&(row, ..)| row);
        let mut row_starts = vec![0u32; row_count + 1];
        for &(row, ..) in &entries {
            row_starts[row as usize + 1] += 1;
        }
        for i in 0..row_count {
            row_starts[i + 1] += row_starts[i];
        }
        let entries = entries.into_iter().map(|(_, wire, index)| (wire, index)).collect();
        Matrix { row_starts, entries, coefficients }
    }

    /// The matrix times the witness, one value per row of the domain.
    pub fn evaluate(&self, witness: &[Fr]) -> Vec<Fr> {
        let bounds = self.row_starts.par_windows(2).with_min_len(512);
        bounds.map(|pair| self.evaluate_row(pair[0] as usize..pair[1] as usize, witness)).collect()
    }

    fn evaluate_row(&self, range: std::ops::Range<usize>, witness: &[Fr]) -> Fr {
        self.entries[range]
            .iter()
            .map(|&(wire, index)| self.coefficients[index as usize] * witness[wire as usize])
            .sum()
    }
}
