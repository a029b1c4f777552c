//! Multi-scalar multiplication over bases that never change.
//!
//! For every base P the table holds 2^(c j) P for its windows j, so all windows of all scalars fall into one set of
//! 2^(c-1) buckets (Pippenger with full precomputation, signed digits). With p passes it holds only every p-th window:
//! the windows in between take a set of buckets of their own each, and their sums are put together by doubling. That
//! is a p-th of the memory for p walks over the buckets. Buckets are added up in affine coordinates, all pairs of a round
//! sharing one field inversion.

use crate::affine_sums::{Point, add_pairs};
use ark_ec::short_weierstrass::{Affine, Projective, SWCurveConfig};
use ark_ec::{AffineRepr, CurveGroup};
use ark_ff::{AdditiveGroup, BigInt, Zero};
use rayon::prelude::*;
use std::ops::Range;

/// Scalars are below 2^254; one bit more leaves room for the last carry of the signed digits.
const SCALAR_BITS: usize = 255;
pub const MIN_WINDOW_BITS: usize = 4;
pub const MAX_WINDOW_BITS: usize = 18;
/// As many as there are windows of the least width: the table then has the bases alone.
pub const MAX_PASSES: usize = SCALAR_BITS.div_ceil(MIN_WINDOW_BITS);
/// Points that one task adds up: about what fits a core's cache.
const TASK_POINTS: usize = 1 << 14;
/// Cost of walking over one bucket at the end, in affine additions.
const BUCKET_COST: usize = 4;
/// An entry names a table point in its low bits and its sign in the top bit.
const NEGATIVE: u32 = 1 << 31;

/// The measures of a table, small enough for an entry to name each of its points.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    base_count: usize,
    window_bits: usize,
    passes: usize,
}

impl Shape {
    /// `None` if the table would have more points than an index can name.
    pub fn new(base_count: usize, window_bits: usize, passes: usize) -> Option<Self> {
        let passes = passes.min(SCALAR_BITS.div_ceil(window_bits));
        let shape = Shape { base_count, window_bits, passes };
        let size = base_count.checked_mul(shape.stored_windows())?;
        (size < NEGATIVE as usize).then_some(shape)
    }

    /// What the content of a table depends on beside its bases, for the name of its file.
    pub fn name(&self) -> String {
        format!("{}x{}", self.window_bits, self.passes)
    }

    /// Windows whose points are in the table.
    fn stored_windows(&self) -> usize {
        SCALAR_BITS.div_ceil(self.window_bits).div_ceil(self.passes)
    }

    pub fn point_count(&self) -> usize {
        self.base_count * self.stored_windows()
    }
}

pub struct FixedBaseTable<P: SWCurveConfig> {
    shape: Shape,
    /// `window / passes * base_count + base`, for windows that are multiples of the passes
    points: Vec<Point<P>>,
}

/// Bucket `digit - 1` holds the entries whose digit is `digit`.
struct Buckets {
    /// Entries sorted by bucket.
    entries: Vec<u32>,
    /// Where each bucket starts in `entries`, and the end.
    starts: Vec<usize>,
}

/// The window width with the least work for so many bases.
pub fn best_window_bits(base_count: usize, passes: usize) -> usize {
    let walks = |bits: usize| passes.min(SCALAR_BITS.div_ceil(bits)) * (BUCKET_COST << (bits - 1));
    let cost = |bits: &usize| base_count * SCALAR_BITS.div_ceil(*bits) + walks(*bits);
    (8..=16).min_by_key(cost).unwrap_or(8)
}

impl<P: SWCurveConfig> FixedBaseTable<P> {
    /// Of as many bases as the shape says.
    pub fn new(bases: &[Affine<P>], shape: Shape) -> Self {
        assert_eq!(bases.len(), shape.base_count, "the bases of the shape");
        let mut points = Vec::with_capacity(shape.point_count());
        let mut current: Vec<Projective<P>> = bases.iter().map(|&base| base.into()).collect();
        for window in 0..shape.stored_windows() {
            if window > 0 {
                current.par_iter_mut().with_min_len(64).for_each(|point| {
                    for _ in 0..shape.window_bits * shape.passes {
                        point.double_in_place();
                    }
                });
            }
            let affine = Projective::normalize_batch(&current);
            points.extend(affine.iter().map(|p| p.xy().map_or(Point::identity(), |(x, y)| Point { x, y })));
            current = affine.into_iter().map(Projective::from).collect();
        }
        FixedBaseTable { shape, points }
    }

    /// A table from the `points` of one before; `None` if they are not as many as the shape has.
    pub fn from_points(shape: Shape, points: Vec<Point<P>>) -> Option<Self> {
        (points.len() == shape.point_count()).then_some(FixedBaseTable { shape, points })
    }

    pub fn points(&self) -> &[Point<P>] {
        &self.points
    }

    pub fn size_bytes(&self) -> usize {
        self.points.len() * size_of::<Point<P>>()
    }

    /// The sum of `scalars[i] * bases[i]`; scalars are integers below 2^254, one per base.
    pub fn multiply(&self, scalars: &[BigInt<4>]) -> Projective<P> {
        assert_eq!(scalars.len(), self.shape.base_count, "one scalar per base");
        let sums: Vec<_> = self
            .digits(scalars)
            .into_par_iter()
            .with_max_len(1)
            .map(|digits| self.sum_of_pass(digits))
            .collect();
        sums.into_iter().rev().fold(Projective::zero(), |mut sum, part| {
            for _ in 0..self.shape.window_bits {
                sum.double_in_place();
            }
            sum + part
        })
    }

    /// Bucket and entry of every digit, by the pass that adds it up: pass r has windows r, r + passes, and so on.
    fn digits(&self, scalars: &[BigInt<4>]) -> Vec<Vec<(u32, u32)>> {
        let Shape { base_count, window_bits, passes } = self.shape;
        let mut digits: Vec<Vec<(u32, u32)>> = Vec::new();
        digits.resize_with(passes, || Vec::with_capacity(self.points.len() / 2));
        for (base, scalar) in scalars.iter().enumerate() {
            for_each_digit(scalar, window_bits, |window, magnitude, sign| {
                let entry = (window / passes * base_count + base) as u32 | sign;
                digits[window % passes].push((magnitude - 1, entry));
            });
        }
        digits
    }

    fn sum_of_pass(&self, digits: Vec<(u32, u32)>) -> Projective<P> {
        let buckets = self.sort_into_buckets(digits);
        let sums: Vec<_> = buckets
            .tasks()
            .into_par_iter()
            .with_max_len(1)
            .map(|range| self.weighted_sum(&buckets, range))
            .collect();
        sums.into_iter().fold(Projective::zero(), |sum, part| sum + part)
    }

    fn sort_into_buckets(&self, digits: Vec<(u32, u32)>) -> Buckets {
        let bucket_count = 1 << (self.shape.window_bits - 1);
        let mut starts = vec![0usize; bucket_count + 1];
        for &(bucket, _) in &digits {
            starts[bucket as usize + 1] += 1;
        }
        for bucket in 0..bucket_count {
            starts[bucket + 1] += starts[bucket];
        }
        let mut next = starts.clone();
        let mut entries = vec![0u32; digits.len()];
        for (bucket, entry) in digits {
            let position = &mut next[bucket as usize];
            entries[*position] = entry;
            *position += 1;
        }
        Buckets { entries, starts }
    }

    /// The sum over the range's buckets of `digit * (sum of the bucket)`.
    fn weighted_sum(&self, buckets: &Buckets, range: Range<usize>) -> Projective<P> {
        let first_entry = buckets.starts[range.start];
        let entries = &buckets.entries[first_entry..buckets.starts[range.end]];
        let mut points: Vec<Point<P>> = entries.iter().map(|&entry| self.point(entry)).collect();
        let mut starts: Vec<usize> =
            buckets.starts[range.start..=range.end].iter().map(|start| start - first_entry).collect();
        while starts.windows(2).any(|pair| pair[1] - pair[0] > 1) {
            (points, starts) = add_pairs(&points, &starts);
        }
        let (mut running, mut total) = (Projective::<P>::zero(), Projective::<P>::zero());
        for pair in starts.windows(2).rev() {
            if pair[1] > pair[0] {
                let point = &points[pair[0]];
                if !point.is_identity() {
                    // A sum of table points, made from points that were checked.
                    running += Affine::<P>::new_unchecked(point.x, point.y);
                }
            }
            total += running;
        }
        // `total` counted the range's buckets from 1; their digits start at `range.start + 1`.
        total + multiply_small(running, range.start)
    }

    fn point(&self, entry: u32) -> Point<P> {
        let mut point = self.points[(entry & !NEGATIVE) as usize];
        if entry & NEGATIVE != 0 {
            point.y = -point.y;
        }
        point
    }
}

impl Buckets {
    /// Ranges of buckets with about `TASK_POINTS` of work each.
    fn tasks(&self) -> Vec<Range<usize>> {
        let (mut tasks, mut start, mut work) = (Vec::new(), 0, 0);
        let bucket_count = self.starts.len() - 1;
        for bucket in 0..bucket_count {
            work += self.starts[bucket + 1] - self.starts[bucket] + BUCKET_COST;
            if work >= TASK_POINTS || bucket + 1 == bucket_count {
                tasks.push(start..bucket + 1);
                (start, work) = (bucket + 1, 0);
            }
        }
        tasks
    }
}

/// Calls `visit(window, magnitude, sign bit)` for each non-zero signed digit; magnitudes are 1 to 2^(c-1).
fn for_each_digit(scalar: &BigInt<4>, window_bits: usize, mut visit: impl FnMut(usize, u32, u32)) {
    let length = crate::field::bit_length(scalar);
    let (mask, half) = ((1u64 << window_bits) - 1, 1u64 << (window_bits - 1));
    let (mut window, mut carry) = (0, 0u64);
    while window * window_bits < length || carry != 0 {
        let (limb, shift) = (window * window_bits / 64, window * window_bits % 64);
        let mut bits = scalar.0.get(limb).map_or(0, |value| value >> shift);
        if shift + window_bits > 64 {
            bits |= scalar.0.get(limb + 1).map_or(0, |value| value << (64 - shift));
        }
        let digit = (bits & mask) + carry;
        carry = u64::from(digit > half);
        let magnitude = if carry == 1 { (1 << window_bits) - digit } else { digit };
        if magnitude != 0 {
            visit(window, magnitude as u32, if carry == 1 { NEGATIVE } else { 0 });
        }
        window += 1;
    }
}

fn multiply_small<P: SWCurveConfig>(point: Projective<P>, factor: usize) -> Projective<P> {
    let mut sum = Projective::zero();
    for bit in (0..usize::BITS).rev() {
        sum.double_in_place();
        if factor >> bit & 1 == 1 {
            sum += point;
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use ark_bn254::{Fr, G1Affine, G1Projective, g1};
    use ark_ec::PrimeGroup;
    use ark_ff::{Field, PrimeField};

    fn check(bases: &[G1Affine], scalars: &[Fr], window_bits: usize, passes: usize) {
        let integers: Vec<_> = scalars.iter().map(|s| s.into_bigint()).collect();
        let expected: G1Projective = bases.iter().zip(scalars).map(|(base, scalar)| *base * scalar).sum();
        let shape = Shape::new(bases.len(), window_bits, passes).unwrap();
        let table = FixedBaseTable::<g1::Config>::new(bases, shape);
        assert_eq!(table.points().len(), shape.point_count());
        assert_eq!(table.multiply(&integers), expected, "window of {window_bits} bits, {passes} passes");
    }

    #[test]
    fn equals_the_plain_sum_in_every_window() {
        let generator = G1Projective::generator();
        let mut bases: Vec<G1Affine> =
            (1..40u64).map(|i| (generator * Fr::from(i * i)).into_affine()).collect();
        let mut scalars: Vec<Fr> =
            (0..39u64).map(|i| Fr::from(3u64).pow([i * 17]) - Fr::from(i % 3)).collect();
        // Equal, opposite and identity points in one bucket; the smallest and largest scalars.
        bases.extend([bases[0], bases[0], -bases[0], G1Affine::identity()]);
        scalars.extend([Fr::ONE, Fr::ONE, Fr::ONE, Fr::ONE]);
        bases.extend([bases[1], bases[2], bases[3]]);
        scalars.extend([-Fr::ONE, Fr::ZERO, Fr::from(2u64).pow([253u64])]);
        for window_bits in MIN_WINDOW_BITS..=MAX_WINDOW_BITS {
            for passes in [1, 2, 3, 7, MAX_PASSES] {
                check(&bases, &scalars, window_bits, passes);
            }
        }
    }

    #[test]
    fn an_empty_sum_is_the_identity() {
        check(&[], &[], 8, 1);
    }
}
