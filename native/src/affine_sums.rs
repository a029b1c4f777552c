//! Sums of many affine points at once: all pairs of a pass share one field inversion.

use ark_ec::short_weierstrass::SWCurveConfig;
use ark_ff::{AdditiveGroup, Field, Zero};

pub type Base<P> = <P as ark_ec::CurveConfig>::BaseField;

/// x and y; (0, 0), which is on neither curve, stands for the identity.
pub struct Point<P: SWCurveConfig> {
    pub x: Base<P>,
    pub y: Base<P>,
}

impl<P: SWCurveConfig> Clone for Point<P> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<P: SWCurveConfig> Copy for Point<P> {}

impl<P: SWCurveConfig> Point<P> {
    pub fn identity() -> Self {
        Point { x: Base::<P>::zero(), y: Base::<P>::zero() }
    }

    pub fn is_identity(&self) -> bool {
        self.x.is_zero() && self.y.is_zero()
    }

    /// What the slope of `self + other` is divided by; 1 where the sum needs no slope.
    fn slope_denominator(&self, other: &Self) -> Base<P> {
        if self.is_identity() || other.is_identity() {
            return Base::<P>::ONE;
        }
        let difference = other.x - self.x;
        match (difference.is_zero(), self.y == other.y) {
            (false, _) => difference,
            (true, true) if !self.y.is_zero() => self.y.double(),
            (true, _) => Base::<P>::ONE,
        }
    }

    /// The sum, given the inverse of `slope_denominator`.
    fn add(&self, other: &Self, inverse: &Base<P>) -> Self {
        if self.is_identity() {
            return *other;
        }
        if other.is_identity() {
            return *self;
        }
        let slope = if self.x != other.x {
            (other.y - self.y) * inverse
        } else if self.y == other.y && !self.y.is_zero() {
            let square = self.x.square();
            (square.double() + square) * inverse
        } else {
            return Point::identity();
        };
        let x = slope.square() - self.x - other.x;
        Point { x, y: slope * (self.x - x) - self.y }
    }
}

/// Replaces each two neighbours of a bucket by their sum; an odd last one stays.
pub fn add_pairs<P: SWCurveConfig>(points: &[Point<P>], starts: &[usize]) -> (Vec<Point<P>>, Vec<usize>) {
    let buckets = || starts.windows(2).map(|pair| &points[pair[0]..pair[1]]);
    let mut inverses: Vec<Base<P>> = Vec::with_capacity(points.len() / 2);
    inverses
        .extend(buckets().flat_map(|b| b.chunks_exact(2)).map(|pair| pair[0].slope_denominator(&pair[1])));
    invert_all(&mut inverses);
    let mut inverses = inverses.iter();
    let mut sums = Vec::with_capacity(points.len() / 2 + starts.len());
    let mut sum_starts = Vec::with_capacity(starts.len());
    sum_starts.push(0);
    for bucket in buckets() {
        let pairs = bucket.chunks_exact(2);
        sums.extend(pairs.remainder());
        sums.extend(pairs.zip(&mut inverses).map(|(pair, inverse)| pair[0].add(&pair[1], inverse)));
        sum_starts.push(sums.len());
    }
    (sums, sum_starts)
}

/// Montgomery's trick: one inversion for all. No element may be zero.
fn invert_all<F: Field>(elements: &mut [F]) {
    let mut products = Vec::with_capacity(elements.len());
    let mut product = F::ONE;
    for element in elements.iter() {
        products.push(product);
        product *= element;
    }
    let mut inverse = product.inverse().expect("no slope denominator is zero");
    for (element, product) in elements.iter_mut().zip(products).rev() {
        let own = inverse * product;
        inverse *= *element;
        *element = own;
    }
}
