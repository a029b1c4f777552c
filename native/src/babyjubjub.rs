//! BabyJubJub: 168700 x^2 + y^2 = 1 + 168696 x^2 y^2 over the BN254 scalar field, cofactor 8 (EIP-2494).
//!
//! Arithmetic runs on the isomorphic curve -X^2 + Y^2 = 1 + D X^2 Y^2 with X = sqrt(-168700) x and
//! D = -168696 / 168700, where extended coordinates need the fewest multiplications (Hisil, Wong, Carter, Dawson
//! 2008). -1 is a square in the field and D is not, so the addition law has no exceptions.

use crate::field::bit_length;
use ark_bn254::Fr;
use ark_ff::{AdditiveGroup, BigInt, Field, MontFp};
use std::sync::LazyLock;

/// Order l of the prime subgroup.
pub const SUBGROUP_ORDER: BigInt<4> =
    BigInt!("2736030358979909402780800718157159386076813972158567259200215660948447373041");

const A: Fr = MontFp!("168700");
const D: Fr = MontFp!("168696");
/// circomlib's Base8: the generator of the prime subgroup.
const BASE8: Affine = Affine {
    x: MontFp!("5299619240641551281634865583518297030282874472190772894086521144482721001553"),
    y: MontFp!("16950150798460657717958625567821834550301663161624707787222815936182638968203"),
};

/// Window widths of the signed digits: the base's table is made once, a key's on every use.
const BASE8_WINDOW_BITS: usize = 8;
const POINT_WINDOW_BITS: usize = 5;
/// Signed digits of a 254-bit integer.
const DIGITS: usize = 256;

struct Curve {
    /// sqrt(-168700): x on BabyJubJub times this is X on the isomorphic curve.
    x_scale: Fr,
    /// Twice D of the isomorphic curve.
    d2: Fr,
    /// Odd multiples 1, 3, 5, ... of Base8.
    base8_multiples: Vec<Cached>,
}

static CURVE: LazyLock<Curve> = LazyLock::new(|| {
    let x_scale = (-A).sqrt().expect("-168700 is a square in the BN254 scalar field");
    let d2 = (-D / A).double();
    let base = Extended::new(&BASE8, &x_scale);
    Curve { x_scale, d2, base8_multiples: odd_multiples(&base, 1 << (BASE8_WINDOW_BITS - 2), &d2) }
});

/// A pair of coordinates, not necessarily on the curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Affine {
    pub x: Fr,
    pub y: Fr,
}

impl Affine {
    pub fn is_on_curve(&self) -> bool {
        let (x2, y2) = (self.x.square(), self.y.square());
        A * x2 + y2 == Fr::ONE + D * x2 * y2
    }
}

/// X/Z, Y/Z on the isomorphic curve, T = XY/Z.
#[derive(Clone, Copy)]
pub struct Extended {
    x: Fr,
    y: Fr,
    z: Fr,
    t: Fr,
}

/// What an addition needs of its second point.
#[derive(Clone, Copy)]
struct Cached {
    y_plus_x: Fr,
    y_minus_x: Fr,
    z2: Fr,
    t2d: Fr,
}

/// A sum before its last multiplications: X = EF, Y = GH, Z = FG, T = EH. A doubling does not need T.
struct Completed {
    e: Fr,
    f: Fr,
    g: Fr,
    h: Fr,
}

impl Completed {
    fn extended(&self) -> Extended {
        Extended { t: self.e * self.h, ..self.without_t() }
    }

    fn without_t(&self) -> Extended {
        Extended { x: self.e * self.f, y: self.g * self.h, z: self.f * self.g, t: Fr::ZERO }
    }
}

impl Extended {
    const IDENTITY: Extended = Extended { x: Fr::ZERO, y: Fr::ONE, z: Fr::ONE, t: Fr::ZERO };

    fn new(point: &Affine, x_scale: &Fr) -> Self {
        let x = point.x * x_scale;
        Extended { x, y: point.y, z: Fr::ONE, t: x * point.y }
    }

    /// A point of the curve; the caller has checked `is_on_curve`.
    pub fn from_affine(point: &Affine) -> Self {
        Extended::new(point, &CURVE.x_scale)
    }

    pub fn is_identity(&self) -> bool {
        self.x == Fr::ZERO && self.y == self.z
    }

    pub fn equals(&self, point: &Affine) -> bool {
        self.x == point.x * CURVE.x_scale * self.z && self.y == point.y * self.z
    }

    pub fn negate(&self) -> Self {
        Extended { x: -self.x, t: -self.t, ..*self }
    }

    /// 8 P: kills the cofactor, so the result is in the prime subgroup.
    pub fn times_cofactor(&self) -> Self {
        self.double().without_t().double().without_t().double().extended()
    }

    fn double(&self) -> Completed {
        let (xx, yy) = (self.x.square(), self.y.square());
        let zz2 = self.z.square().double();
        let sum = (self.x + self.y).square();
        let g = yy - xx;
        let h = -(xx + yy);
        Completed { e: sum + h, f: g - zz2, g, h }
    }

    fn cached(&self, d2: &Fr) -> Cached {
        Cached {
            y_plus_x: self.y + self.x,
            y_minus_x: self.y - self.x,
            z2: self.z.double(),
            t2d: self.t * d2,
        }
    }

    fn add(&self, other: &Cached) -> Completed {
        let a = (self.y - self.x) * other.y_minus_x;
        let b = (self.y + self.x) * other.y_plus_x;
        self.finish(a, b, self.t * other.t2d, other)
    }

    fn subtract(&self, other: &Cached) -> Completed {
        let a = (self.y - self.x) * other.y_plus_x;
        let b = (self.y + self.x) * other.y_minus_x;
        self.finish(a, b, -(self.t * other.t2d), other)
    }

    fn finish(&self, a: Fr, b: Fr, c: Fr, other: &Cached) -> Completed {
        let d = self.z * other.z2;
        Completed { e: b - a, f: d - c, g: d + c, h: b + a }
    }
}

fn odd_multiples(point: &Extended, count: usize, d2: &Fr) -> Vec<Cached> {
    let twice = point.double().extended().cached(d2);
    let mut multiples = Vec::with_capacity(count);
    let mut current = *point;
    for _ in 0..count {
        multiples.push(current.cached(d2));
        current = current.add(&twice).extended();
    }
    multiples
}

/// Signed odd digits, at most one in `window_bits` non-zero: sum of `digit[i] * 2^i` is the integer, below 2^254.
fn signed_digits(integer: &BigInt<4>, window_bits: usize) -> [i8; DIGITS] {
    let mut digits = [0i8; DIGITS];
    let limb = |i: usize| integer.0.get(i).copied().unwrap_or(0);
    let window = 1u64 << window_bits;
    let (mut position, mut carry) = (0, 0u64);
    while position < DIGITS {
        let (index, shift) = (position / 64, position % 64);
        let mut bits = limb(index) >> shift;
        if shift + window_bits > 64 {
            bits |= limb(index + 1) << (64 - shift);
        }
        let value = carry + (bits & (window - 1));
        if value & 1 == 0 {
            position += 1;
            continue;
        }
        carry = u64::from(value >= window / 2);
        digits[position] = if carry == 1 { (value as i64 - window as i64) as i8 } else { value as i8 };
        position += window_bits;
    }
    digits
}

fn add_digit(sum: Completed, digit: i8, multiples: &[Cached]) -> Completed {
    let Some(multiple) = multiples.get(usize::from(digit.unsigned_abs() / 2)) else { return sum };
    match digit.signum() {
        1 => sum.extended().add(multiple),
        -1 => sum.extended().subtract(multiple),
        _ => sum,
    }
}

/// `base8_factor * Base8 + factor * point`, by Straus' method: both share their doublings.
/// Factors are integers below 2^254. Not constant time: everything here is public.
pub fn base8_and_point(base8_factor: &BigInt<4>, factor: &BigInt<4>, point: &Extended) -> Extended {
    let curve = &*CURVE;
    let multiples = odd_multiples(point, 1 << (POINT_WINDOW_BITS - 2), &curve.d2);
    let base8_digits = signed_digits(base8_factor, BASE8_WINDOW_BITS);
    let digits = signed_digits(factor, POINT_WINDOW_BITS);
    let top = bit_length(base8_factor).max(bit_length(factor)).min(DIGITS - 1);
    let mut sum = Extended::IDENTITY;
    for i in (0..=top).rev() {
        let doubled = sum.double();
        let doubled = add_digit(doubled, digits[i], &multiples);
        let doubled = add_digit(doubled, base8_digits[i], &curve.base8_multiples);
        // A doubling reads no T, and an addition makes its own from the completed form.
        sum = doubled.without_t();
    }
    sum
}

/// Whether l P is the identity: P is in the prime subgroup.
pub fn is_in_subgroup(point: &Extended) -> bool {
    base8_and_point(&BigInt::new([0; 4]), &SUBGROUP_ORDER, point).is_identity()
}
