//! Poseidon over the BN254 scalar field with circomlib's parameters, for 1 to 12 inputs.
//!
//! The permutation is the textbook one, rearranged once per width so that a partial round costs `2t - 1`
//! multiplications instead of `t * t` (Poseidon paper, appendix B: only lane 0 passes the S-box there, so the rest
//! of a round is linear and can be moved). The tests compare it with the textbook permutation.

use crate::error::{Code, Failure, Result, ensure};
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, Field};
use light_poseidon::parameters::bn254_x5::get_poseidon_parameters;
use std::sync::OnceLock;

/// Inputs of one hash: 1 to this many.
pub const MAX_INPUTS: usize = 12;

type Lanes<const T: usize> = [Fr; T];
type Matrix<const T: usize> = [[Fr; T]; T];

/// A partial round's matrix: `row` on top, `column` down the left, ones on the rest of the diagonal.
struct SparseRound<const T: usize> {
    constant: Fr,
    row: Lanes<T>,
    /// `column[0]` is unused: the corner is in `row[0]`.
    column: Lanes<T>,
}

struct Permutation<const T: usize> {
    first_constants: Vec<Lanes<T>>,
    last_constants: Vec<Lanes<T>>,
    matrix: Matrix<T>,
    /// The matrix of the last full round before the partial ones, with what was moved out of those.
    entering_matrix: Matrix<T>,
    partial_rounds: Vec<SparseRound<T>>,
}

impl<const T: usize> Permutation<T> {
    fn derive() -> Option<Self> {
        let parameters = get_poseidon_parameters::<Fr>(T as u8).ok()?;
        let half = parameters.full_rounds / 2;
        let mut matrix = [[Fr::ZERO; T]; T];
        for (row, source) in matrix.iter_mut().zip(&parameters.mds) {
            row.copy_from_slice(source.get(..T)?);
        }
        let mut rounds = Vec::with_capacity(parameters.ark.len() / T);
        for chunk in parameters.ark.chunks_exact(T) {
            rounds.push(<Lanes<T>>::try_from(chunk).ok()?);
        }
        let last_start = half + parameters.partial_rounds;
        let mut last_constants = rounds.get(last_start..last_start + half)?.to_vec();

        // Constants of lanes that skip the S-box commute with it: push them into the next round.
        let mut carried = [Fr::ZERO; T];
        let mut lane_constants = Vec::with_capacity(parameters.partial_rounds);
        for constants in rounds.get(half..last_start)? {
            let mut sum = add(constants, &carried);
            lane_constants.push(std::mem::replace(&mut sum[0], Fr::ZERO));
            carried = multiply(&matrix, &sum);
        }
        last_constants[0] = add(&last_constants[0], &carried);

        // From the last partial round back: matrix = sparse * diagonal block; the block leaves lane 0 alone, so it
        // commutes with the S-box and joins the matrix of the round before.
        let mut current = matrix;
        let mut partial_rounds = Vec::with_capacity(lane_constants.len());
        for constant in lane_constants.into_iter().rev() {
            let row = sparse_row(&current)?;
            let column = std::array::from_fn(|i| current[i][0]);
            partial_rounds.push(SparseRound { constant, row, column });
            current = apply_block(&current, &matrix);
        }
        partial_rounds.reverse();
        let first_constants = rounds.get(..half)?.to_vec();
        Some(Permutation {
            first_constants,
            last_constants,
            matrix,
            entering_matrix: current,
            partial_rounds,
        })
    }

    fn permute(&self, state: &mut Lanes<T>) {
        let last_of_first_half = self.first_constants.len() - 1;
        for (round, constants) in self.first_constants.iter().enumerate() {
            full_s_box(state, constants);
            let matrix = if round == last_of_first_half { &self.entering_matrix } else { &self.matrix };
            *state = multiply(matrix, state);
        }
        for round in &self.partial_rounds {
            state[0] = fifth_power(&(state[0] + round.constant));
            let lane = state[0];
            let top = Fr::sum_of_products(&round.row, state);
            for (value, factor) in state.iter_mut().zip(&round.column).skip(1) {
                *value += lane * factor;
            }
            state[0] = top;
        }
        for constants in &self.last_constants {
            full_s_box(state, constants);
            *state = multiply(&self.matrix, state);
        }
    }
}

fn fifth_power(x: &Fr) -> Fr {
    x.square().square() * x
}

fn full_s_box<const T: usize>(state: &mut Lanes<T>, constants: &Lanes<T>) {
    for (value, constant) in state.iter_mut().zip(constants) {
        *value = fifth_power(&(*value + constant));
    }
}

fn add<const T: usize>(a: &Lanes<T>, b: &Lanes<T>) -> Lanes<T> {
    std::array::from_fn(|i| a[i] + b[i])
}

fn multiply<const T: usize>(matrix: &Matrix<T>, lanes: &Lanes<T>) -> Lanes<T> {
    std::array::from_fn(|i| Fr::sum_of_products(&matrix[i], lanes))
}

/// `[corner, v * block^-1]` of a matrix `[[corner, v], [w, block]]`, by Gauss-Jordan on the block's transpose.
fn sparse_row<const T: usize>(matrix: &Matrix<T>) -> Option<Lanes<T>> {
    // Unknown x with x * block = v: equation i reads sum_j block[j][i] * x[j] = v[i]; index 0 stays unused.
    let mut equations: Matrix<T> = std::array::from_fn(|i| std::array::from_fn(|j| matrix[j][i]));
    let mut right: Lanes<T> = matrix[0];
    for pivot in 1..T {
        let source = (pivot..T).find(|&row| equations[row][pivot] != Fr::ZERO)?;
        equations.swap(pivot, source);
        right.swap(pivot, source);
        let inverse = equations[pivot][pivot].inverse()?;
        for value in equations[pivot].iter_mut().skip(pivot) {
            *value *= inverse;
        }
        right[pivot] *= inverse;
        let (pivot_row, pivot_right) = (equations[pivot], right[pivot]);
        for row in (1..T).filter(|&row| row != pivot) {
            let factor = equations[row][pivot];
            for (value, source) in equations[row].iter_mut().zip(&pivot_row).skip(pivot) {
                *value -= factor * source;
            }
            right[row] -= factor * pivot_right;
        }
    }
    Some(right)
}

/// `diag(1, block of current) * matrix`.
fn apply_block<const T: usize>(current: &Matrix<T>, matrix: &Matrix<T>) -> Matrix<T> {
    let mut out = *matrix;
    for (i, row) in out.iter_mut().enumerate().skip(1) {
        for (j, value) in row.iter_mut().enumerate() {
            *value = (1..T).map(|k| current[i][k] * matrix[k][j]).sum();
        }
    }
    out
}

fn hash_with<const T: usize>(cell: &OnceLock<Option<Permutation<T>>>, inputs: &[Fr]) -> Option<Fr> {
    let permutation = cell.get_or_init(Permutation::derive).as_ref()?;
    let mut state = [Fr::ZERO; T];
    state.get_mut(1..)?.copy_from_slice(inputs);
    permutation.permute(&mut state);
    Some(state[0])
}

/// `Poseidon_n(inputs)`, n = 1..=12, as circomlib's `Poseidon(n)` and Solana's `sol_poseidon` (Bn254X5) compute it.
pub fn hash(inputs: &[Fr]) -> Result<Fr> {
    ensure((1..=MAX_INPUTS).contains(&inputs.len()), Code::InvalidArgument, "Poseidon takes 1 to 12 inputs")?;
    macro_rules! widths {
        ($($count:literal => $width:literal),*) => {
            match inputs.len() {
                $($count => {
                    static CELL: OnceLock<Option<Permutation<$width>>> = OnceLock::new();
                    hash_with(&CELL, inputs)
                })*
                _ => None,
            }
        };
    }
    let digest = widths!(1 => 2, 2 => 3, 3 => 4, 4 => 5, 5 => 6, 6 => 7, 7 => 8, 8 => 9, 9 => 10, 10 => 11, 11 => 12,
        12 => 13);
    digest.ok_or_else(|| Failure::new(Code::Internal, "no Poseidon parameters for this width"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use light_poseidon::{Poseidon, PoseidonHasher};

    #[test]
    fn equals_the_textbook_permutation_in_every_width() {
        for count in 1..=MAX_INPUTS {
            for seed in [0u64, 1, 77] {
                let inputs: Vec<Fr> =
                    (0..count as u64).map(|i| -(Fr::from(seed * i + seed)).square()).collect();
                let expected = Poseidon::<Fr>::new_circom(count).unwrap().hash(&inputs).unwrap();
                assert_eq!(hash(&inputs).unwrap(), expected, "{count} inputs");
            }
        }
    }

    #[test]
    fn refuses_other_counts() {
        assert!(hash(&[]).is_err());
        assert!(hash(&[Fr::ZERO; 13]).is_err());
    }
}
