//! The Groth16 prover: a checked key with its tables, and proofs that are verified before they are returned.

use crate::error::{Code, Failure, Result, ensure};
use crate::fft::Domain;
use crate::groth16::{Proof, VerifyingKey};
use crate::tables::{Origin, TableOptions, Tables};
use crate::witness;
use crate::zkey::{self, Matrix};
use ark_bn254::{Fr, G1Affine, G1Projective, G2Projective};
use ark_ec::CurveGroup;
use ark_ff::PrimeField;
use rayon::prelude::*;
use std::sync::atomic::{AtomicBool, Ordering};

/// Tells a running proof to stop; looked at between its steps.
#[derive(Default)]
pub struct AbortFlag(AtomicBool);

impl AbortFlag {
    pub fn abort(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn check(&self) -> Result<()> {
        ensure(!self.0.load(Ordering::Relaxed), Code::Aborted, "the proof was aborted")
    }
}

pub struct Prover {
    pub verifying_key: VerifyingKey,
    pub is_development_key: bool,
    public_count: usize,
    wire_count: usize,
    beta_g1: G1Affine,
    delta_g1: G1Affine,
    a_matrix: Matrix,
    b_matrix: Matrix,
    domain: Domain,
    tables: Tables,
    tables_from: Origin,
}

/// A proof that the native verifier accepted, and the inputs that it accepted it for.
pub struct Proven {
    pub proof: Proof,
    pub public_inputs: Vec<Fr>,
}

impl Prover {
    /// Reads and checks a key and gets its tables ready. Points whose tables come from the cache were checked when it was
    /// written, for the same bytes. Errors: those of `zkey::parse` and `Tables::load`.
    pub fn load(zkey: &[u8], options: &TableOptions) -> Result<Self> {
        let key = zkey::parse(zkey)?;
        let domain = Domain::new(key.domain_size)
            .ok_or_else(|| Failure::new(Code::MalformedZkey, "the domain has no roots of unity"))?;
        let (tables, tables_from) = Tables::load(&key, zkey, options)?;
        Ok(Prover {
            verifying_key: key.verifying_key,
            is_development_key: key.is_development_key,
            public_count: key.public_count,
            wire_count: key.wire_count,
            beta_g1: key.beta_g1,
            delta_g1: key.delta_g1,
            a_matrix: key.a_matrix,
            b_matrix: key.b_matrix,
            domain,
            tables,
            tables_from,
        })
    }

    /// Memory of the tables, by far the most of a prover's.
    pub fn table_bytes(&self) -> usize {
        self.tables.size_bytes()
    }

    pub fn tables_from(&self) -> Origin {
        self.tables_from
    }

    /// Proves a wtns file. Errors: those of `witness::parse`, `WITNESS_UNSATISFIED`, `ABORTED`, `NO_ENTROPY`.
    pub fn prove(&self, wtns: &[u8], abort: &AbortFlag) -> Result<Proven> {
        abort.check()?;
        let witness = witness::parse(wtns, self.wire_count)?;
        let (r, s) = (random_scalar()?, random_scalar()?);
        let proof = self.prove_blinded(&witness, r, s, abort)?;
        abort.check()?;
        let public_inputs = witness[1..=self.public_count].to_vec();
        // The form is checked too: points of a damaged table need not be on the curve.
        let is_well_formed = Proof::from_bytes(&proof.to_bytes()).as_ref() == Some(&proof);
        ensure(is_well_formed, Code::Internal, "the proof has a point that is not on its curve")?;
        let holds = self.verifying_key.verify(&proof, &public_inputs)?;
        ensure(holds, Code::WitnessUnsatisfied, "the witness does not satisfy the circuit of this key")?;
        Ok(Proven { proof, public_inputs })
    }

    fn prove_blinded(&self, witness: &[Fr], r: Fr, s: Fr, abort: &AbortFlag) -> Result<Proof> {
        let integers: Vec<_> =
            witness.par_iter().with_min_len(1024).map(|value| value.into_bigint()).collect();
        let c_and_h = || -> Result<G1Projective> {
            let quotient = self.quotient_on_coset(witness, abort)?;
            let mut scalars = integers[self.public_count + 1..].to_vec();
            scalars.par_extend(quotient.into_par_iter().with_min_len(1024).map(|value| value.into_bigint()));
            abort.check()?;
            Ok(self.tables.c_and_h.multiply(&scalars))
        };
        let a = || abort.check().map(|()| self.tables.a.multiply(&integers));
        let b1 = || abort.check().map(|()| self.tables.b1.multiply(&integers));
        let b2 = || abort.check().map(|()| self.tables.b2.multiply(&integers));
        let ((c_and_h, a), (b2, b1)) = rayon::join(|| rayon::join(c_and_h, a), || rayon::join(b2, b1));
        Ok(self.assemble(a?, b1?, b2?, c_and_h?, r, s))
    }

    /// (A B - C)(x) at the odd coset; there the vanishing polynomial is constant, and the H points are divided by it.
    fn quotient_on_coset(&self, witness: &[Fr], abort: &AbortFlag) -> Result<Vec<Fr>> {
        let mut a = self.a_matrix.evaluate(witness);
        let mut b = self.b_matrix.evaluate(witness);
        // On the domain C w = A w * B w for a satisfying witness; for any other the proof fails its verification.
        let mut c: Vec<Fr> = a.par_iter().zip(&b).with_min_len(1024).map(|(a, b)| *a * b).collect();
        abort.check()?;
        rayon::join(
            || {
                rayon::join(
                    || self.domain.move_to_odd_coset(&mut a),
                    || self.domain.move_to_odd_coset(&mut b),
                )
            },
            || self.domain.move_to_odd_coset(&mut c),
        );
        a.par_iter_mut().zip(b).zip(c).with_min_len(1024).for_each(|((a, b), c)| *a = *a * b - c);
        Ok(a)
    }

    fn assemble(
        &self,
        a: G1Projective,
        b1: G1Projective,
        b2: G2Projective,
        c_and_h: G1Projective,
        r: Fr,
        s: Fr,
    ) -> Proof {
        let key = &self.verifying_key;
        let a = a + key.alpha_g1 + self.delta_g1 * r;
        let b1 = b1 + self.beta_g1 + self.delta_g1 * s;
        let b2 = b2 + key.beta_g2 + key.delta_g2 * s;
        let c = c_and_h + a * s + b1 * r - self.delta_g1 * (r * s);
        Proof { a: a.into_affine(), b: b2.into_affine(), c: c.into_affine() }
    }
}

/// A uniform scalar from the operating system's randomness; 64 bytes leave a bias below 2^-256.
fn random_scalar() -> Result<Fr> {
    let mut bytes = [0u8; 64];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::new(Code::NoEntropy, format!("the system gave no randomness: {error}")))?;
    Ok(Fr::from_le_bytes_mod_order(&bytes))
}
