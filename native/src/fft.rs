//! Number-theoretic transforms of one size, with twiddles kept between proofs.
//!
//! The inverse transform leaves its result in bit-reversed order and the forward one takes that order, so neither
//! has to permute: what happens in between (a multiplication per coefficient) uses a table in the same order.

use ark_bn254::Fr;
use ark_ff::{FftField, Field};
use rayon::prelude::*;

/// Below this length a transform stays on one thread.
const PARALLEL_LENGTH: usize = 1 << 11;

pub struct Domain {
    size: usize,
    /// Per half-length m = 1, 2, 4, ...: powers of the 2m-th root (its inverse), m of them.
    forward: Vec<Vec<Fr>>,
    inverse: Vec<Vec<Fr>>,
    /// g^i / size in bit-reversed order, g the 2 * size-th root: moves evaluations to the odd coset.
    coset_shift: Vec<Fr>,
}

impl Domain {
    /// `None` unless `size` is a power of two whose double has a root of unity.
    pub fn new(size: usize) -> Option<Self> {
        if !size.is_power_of_two() {
            return None;
        }
        let coset_generator = Fr::get_root_of_unity(2 * size as u64)?;
        let root = coset_generator.square();
        let size_inverse = Fr::from(size as u64).inverse()?;
        let mut coset_shift = powers(&coset_generator, size);
        coset_shift.par_iter_mut().for_each(|power| *power *= size_inverse);
        bit_reverse(&mut coset_shift);
        Some(Domain {
            size,
            forward: twiddles(&root, size),
            inverse: twiddles(&root.inverse()?, size),
            coset_shift,
        })
    }

    /// From values at the size-th roots of unity, in place, to the polynomial's values at those times g.
    pub fn move_to_odd_coset(&self, values: &mut [Fr]) {
        assert_eq!(values.len(), self.size, "one value per root");
        decimate_in_frequency(values, &self.inverse);
        values
            .par_iter_mut()
            .zip(&self.coset_shift)
            .with_min_len(1024)
            .for_each(|(value, shift)| *value *= shift);
        decimate_in_time(values, &self.forward);
    }
}

fn powers(base: &Fr, count: usize) -> Vec<Fr> {
    std::iter::successors(Some(Fr::ONE), |power| Some(*power * base)).take(count).collect()
}

fn twiddles(root: &Fr, size: usize) -> Vec<Vec<Fr>> {
    let largest = powers(root, size / 2);
    let levels = size.trailing_zeros() as usize;
    (0..levels).map(|level| largest.iter().step_by(size >> (level + 1)).copied().collect()).collect()
}

fn bit_reverse(values: &mut [Fr]) {
    let bits = values.len().trailing_zeros();
    for i in 0..values.len() {
        let j = i.reverse_bits().checked_shr(usize::BITS - bits).unwrap_or(0);
        if i < j {
            values.swap(i, j);
        }
    }
}

/// Natural order in, bit-reversed out.
fn decimate_in_frequency(values: &mut [Fr], twiddles: &[Vec<Fr>]) {
    let Some((level, lower_levels)) = twiddles.split_last() else { return };
    let (low, high) = values.split_at_mut(level.len());
    butterflies(low, high, level, |a, b, twiddle| {
        let difference = *a - *b;
        *a += *b;
        *b = difference * twiddle;
    });
    both_halves(low, high, |half| decimate_in_frequency(half, lower_levels));
}

/// Bit-reversed order in, natural out.
fn decimate_in_time(values: &mut [Fr], twiddles: &[Vec<Fr>]) {
    let Some((level, lower_levels)) = twiddles.split_last() else { return };
    let (low, high) = values.split_at_mut(level.len());
    both_halves(low, high, |half| decimate_in_time(half, lower_levels));
    butterflies(low, high, level, |a, b, twiddle| {
        *b *= twiddle;
        let difference = *a - *b;
        *a += *b;
        *b = difference;
    });
}

fn butterflies(
    low: &mut [Fr],
    high: &mut [Fr],
    twiddles: &[Fr],
    step: impl Fn(&mut Fr, &mut Fr, &Fr) + Sync,
) {
    if low.len() < PARALLEL_LENGTH {
        low.iter_mut().zip(high).zip(twiddles).for_each(|((a, b), twiddle)| step(a, b, twiddle));
    } else {
        let pairs = low.par_iter_mut().zip(high).zip(twiddles);
        pairs.with_min_len(PARALLEL_LENGTH / 2).for_each(|((a, b), twiddle)| step(a, b, twiddle));
    }
}

fn both_halves(low: &mut [Fr], high: &mut [Fr], transform: impl Fn(&mut [Fr]) + Sync) {
    if low.len() < PARALLEL_LENGTH {
        transform(low);
        transform(high);
    } else {
        rayon::join(|| transform(low), || transform(high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_ff::AdditiveGroup;

    #[test]
    fn moves_a_polynomial_to_the_odd_coset() {
        for size in [1usize, 2, 8, 64] {
            let coefficients: Vec<Fr> = (0..size as u64).map(|i| Fr::from(i * i + 7)).collect();
            let evaluate = |x: Fr| coefficients.iter().rev().fold(Fr::ZERO, |sum, c| sum * x + c);
            let root = Fr::get_root_of_unity(size as u64).unwrap();
            let generator = Fr::get_root_of_unity(2 * size as u64).unwrap();
            let mut values: Vec<Fr> = powers(&root, size).into_iter().map(evaluate).collect();
            Domain::new(size).unwrap().move_to_odd_coset(&mut values);
            let expected: Vec<Fr> =
                powers(&root, size).into_iter().map(|x| evaluate(x * generator)).collect();
            assert_eq!(values, expected, "size {size}");
        }
    }
}
