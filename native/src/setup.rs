//! A zkey for **development only**: its secret numbers are public.
//!
//! A real Groth16 key comes from a ceremony whose participants forget their share of tau, alpha, beta and delta. Here all
//! four are hashes of the circuit file, so that the same circuit gives the same key everywhere, byte for byte, without
//! anyone storing it; and so anyone can compute them and forge proofs under the key. The file carries a mark that
//! says so (`zkey::DEVELOPMENT_MARK`), no contributions, and a zero circuit hash.

use crate::container::ContainerWriter;
use crate::error::{Code, Failure, Result, ensure};
use crate::points::{G1_BYTES, G2_BYTES, write_g1_zkey, write_g2_zkey, write_limbs_le};
use crate::r1cs::{self, MAX_SIZE, R1cs};
use crate::zkey;
use ark_bn254::{Fq, Fr, G1Affine, G1Projective, G2Affine, G2Projective};
use ark_ec::scalar_mul::ScalarMul;
use ark_ec::{CurveGroup, PrimeGroup};
use ark_ff::{AdditiveGroup, FftField, Field, PrimeField, batch_inversion};
use sha2::{Digest, Sha256};

const DOMAIN_TAG: &[u8] = b"zk-casino public development set-up v1";
const MARK: &[u8] = b"DEVELOPMENT ONLY: tau, alpha, beta and delta are public hashes of the r1cs file; anyone can forge proofs";
const SECTION_COUNT: u32 = 11;
/// A zero circuit hash and no contributions.
const NO_CONTRIBUTIONS: [u8; 68] = [0; 68];

struct ToxicWaste {
    tau: Fr,
    alpha: Fr,
    beta: Fr,
    delta: Fr,
}

/// The polynomials of every wire at tau.
struct WirePolynomials {
    a: Vec<Fr>,
    b: Vec<Fr>,
    c: Vec<Fr>,
}

/// The zkey, as snarkjs reads it, for an r1cs file. Errors: those of `r1cs::parse`.
pub fn development_setup(r1cs_bytes: &[u8]) -> Result<Vec<u8>> {
    let circuit = r1cs::parse(r1cs_bytes)?;
    let domain_size = (circuit.constraints.len() + circuit.public_count + 1).next_power_of_two();
    ensure(domain_size <= MAX_SIZE, Code::TooLarge, "the circuit has over 2^22 constraints")?;
    let waste = ToxicWaste::derive(&Sha256::digest(r1cs_bytes).into(), domain_size);
    let polynomials = wire_polynomials(&circuit, &waste.tau, domain_size)?;
    let inverse = |x: &Fr| x.inverse().ok_or_else(|| Failure::new(Code::Internal, "a secret is zero"));
    let delta_inverse = inverse(&waste.delta)?;

    let public_wires = circuit.public_count + 1;
    let inputs_and_c: Vec<Fr> = (0..circuit.wire_count)
        .map(|i| {
            let sum = waste.beta * polynomials.a[i] + waste.alpha * polynomials.b[i] + polynomials.c[i];
            // gamma is 1, as in snarkjs.
            if i < public_wires { sum } else { sum * delta_inverse }
        })
        .collect();
    let h: Vec<Fr> = odd_lagrange(&waste.tau, domain_size)?.into_iter().map(|x| x * delta_inverse).collect();
    let g1_scalars = [&polynomials.a, &polynomials.b, &inputs_and_c, &h].map(Vec::as_slice).concat();
    let g1_points = G1Projective::generator().batch_mul(&g1_scalars);
    let b2_points = G2Projective::generator().batch_mul(&polynomials.b);

    let (a_points, rest) = g1_points.split_at(circuit.wire_count);
    let (b1_points, rest) = rest.split_at(circuit.wire_count);
    let (ic_points, rest) = rest.split_at(public_wires);
    let (c_points, h_points) = rest.split_at(circuit.wire_count - public_wires);
    let mut file = ContainerWriter::new(zkey::FORMAT.magic, 1, SECTION_COUNT);
    file.section(zkey::PROTOCOL, &zkey::PROTOCOL_GROTH16.to_le_bytes());
    file.section(zkey::HEADER, &header(&circuit, &waste, domain_size));
    file.section(zkey::IC, &g1_bytes(ic_points));
    file.section(zkey::COEFFICIENTS, &coefficients(&circuit));
    file.section(zkey::A_POINTS, &g1_bytes(a_points));
    file.section(zkey::B1_POINTS, &g1_bytes(b1_points));
    file.section(zkey::B2_POINTS, &g2_bytes(&b2_points));
    file.section(zkey::C_POINTS, &g1_bytes(c_points));
    file.section(zkey::H_POINTS, &g1_bytes(h_points));
    file.section(zkey::CONTRIBUTIONS, &NO_CONTRIBUTIONS);
    file.section(zkey::DEVELOPMENT_MARK, MARK);
    Ok(file.finish())
}

impl ToxicWaste {
    fn derive(digest: &[u8; 32], domain_size: usize) -> Self {
        let usable_tau = |x: &Fr| x.pow([2 * domain_size as u64]) != Fr::ONE;
        ToxicWaste {
            tau: public_scalar(b"tau", digest, usable_tau),
            alpha: public_scalar(b"alpha", digest, |_| true),
            beta: public_scalar(b"beta", digest, |_| true),
            delta: public_scalar(b"delta", digest, |_| true),
        }
    }
}

/// The first non-zero, usable scalar of the hashes of (tag, name, digest, counter), 512 bits reduced mod r.
fn public_scalar(name: &[u8], digest: &[u8; 32], usable: impl Fn(&Fr) -> bool) -> Fr {
    let hash = |counter: u32, half: u8| {
        let fields = [DOMAIN_TAG, &[0], name, &[0], digest, &counter.to_be_bytes(), &[half]];
        fields.iter().fold(Sha256::new(), |hasher, field| hasher.chain_update(field)).finalize()
    };
    let candidates =
        (0u32..).map(|counter| Fr::from_be_bytes_mod_order(&[hash(counter, 0), hash(counter, 1)].concat()));
    candidates.into_iter().find(|x| *x != Fr::ZERO && usable(x)).unwrap_or(Fr::ONE)
}

/// `size` Lagrange polynomials at tau, of the points `first * step^i` within the `order`-th roots of unity.
fn lagrange(tau: &Fr, first: Fr, step: &Fr, size: usize, order: usize) -> Result<Vec<Fr>> {
    let points: Vec<Fr> = std::iter::successors(Some(first), |x| Some(*x * step)).take(size).collect();
    let mut values: Vec<Fr> = points.iter().map(|point| *tau - point).collect();
    batch_inversion(&mut values);
    let order_inverse = Fr::from(order as u64).inverse().unwrap_or_default();
    let factor = (tau.pow([order as u64]) - Fr::ONE) * order_inverse;
    Ok(values.iter().zip(points).map(|(inverse, point)| *inverse * point * factor).collect())
}

fn root_of_unity(order: usize) -> Result<Fr> {
    Fr::get_root_of_unity(order as u64)
        .ok_or_else(|| Failure::new(Code::TooLarge, "no root of unity of this order"))
}

/// The odd ones of the 2 * size Lagrange polynomials: snarkjs' H points.
fn odd_lagrange(tau: &Fr, size: usize) -> Result<Vec<Fr>> {
    lagrange(tau, root_of_unity(2 * size)?, &root_of_unity(size)?, size, 2 * size)
}

fn wire_polynomials(circuit: &R1cs, tau: &Fr, domain_size: usize) -> Result<WirePolynomials> {
    let basis = lagrange(tau, Fr::ONE, &root_of_unity(domain_size)?, domain_size, domain_size)?;
    let zeros = || vec![Fr::ZERO; circuit.wire_count];
    let mut sums = [zeros(), zeros(), zeros()];
    for (constraint, value) in circuit.constraints.iter().zip(&basis) {
        for (combination, sum) in constraint.iter().zip(&mut sums) {
            for (wire, coefficient) in combination {
                sum[*wire] += *coefficient * value;
            }
        }
    }
    // A row for each public wire, so that no prover can shift value between them.
    for (sum, value) in
        sums[0].iter_mut().take(circuit.public_count + 1).zip(&basis[circuit.constraints.len()..])
    {
        *sum += value;
    }
    let [a, b, c] = sums;
    Ok(WirePolynomials { a, b, c })
}

fn header(circuit: &R1cs, waste: &ToxicWaste, domain_size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for modulus in [Fq::MODULUS, Fr::MODULUS] {
        out.extend_from_slice(&32u32.to_le_bytes());
        write_limbs_le(&modulus, &mut out);
    }
    for count in [circuit.wire_count, circuit.public_count, domain_size] {
        out.extend_from_slice(&(count as u32).to_le_bytes());
    }
    let (g1, g2) = (G1Projective::generator(), G2Projective::generator());
    write_g1_zkey(&(g1 * waste.alpha).into_affine(), &mut out);
    write_g1_zkey(&(g1 * waste.beta).into_affine(), &mut out);
    write_g2_zkey(&(g2 * waste.beta).into_affine(), &mut out);
    write_g2_zkey(&g2.into_affine(), &mut out);
    write_g1_zkey(&(g1 * waste.delta).into_affine(), &mut out);
    write_g2_zkey(&(g2 * waste.delta).into_affine(), &mut out);
    out
}

/// The entries of A and B; snarkjs stores each value times the Montgomery factor squared.
fn coefficients(circuit: &R1cs) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut count = 0u32;
    let mut write = |matrix: u32, row: usize, wire: usize, value: &Fr| {
        for index in [matrix, row as u32, wire as u32] {
            entries.extend_from_slice(&index.to_le_bytes());
        }
        // `value.0` is the value times the factor; taken for a value, its inner form has the factor twice.
        write_limbs_le(&Fr::from_bigint(value.0).unwrap_or_default().0, &mut entries);
        count += 1;
    };
    for (row, constraint) in circuit.constraints.iter().enumerate() {
        for (matrix, combination) in (0u32..2).zip(constraint) {
            for (wire, value) in combination {
                write(matrix, row, *wire, value);
            }
        }
    }
    for wire in 0..=circuit.public_count {
        write(0, circuit.constraints.len() + wire, wire, &Fr::ONE);
    }
    [count.to_le_bytes().as_slice(), &entries].concat()
}

fn g1_bytes(points: &[G1Affine]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len() * G1_BYTES);
    points.iter().for_each(|point| write_g1_zkey(point, &mut out));
    out
}

fn g2_bytes(points: &[G2Affine]) -> Vec<u8> {
    let mut out = Vec::with_capacity(points.len() * G2_BYTES);
    points.iter().for_each(|point| write_g2_zkey(point, &mut out));
    out
}
