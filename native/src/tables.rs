//! The tables of a key's queries: built from its checked points, or read back from the cache of an earlier load.

use crate::error::{Code, Failure, Result};
use crate::msm::{FixedBaseTable, Shape, best_window_bits};
use crate::points::ZkeyCurve;
use crate::table_cache::{CacheReader, CacheWriter, TableCache};
use crate::zkey::{RawPoints, Zkey};
use ark_bn254::{g1, g2};
use ark_ec::short_weierstrass::Projective;
use ark_ff::BigInt;
use std::io;
use std::path::PathBuf;

/// Where the tables of a prover come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    Built,
    Cache,
}

pub struct TableOptions {
    /// Overrides the width chosen by the tables' size.
    pub window_bits: Option<usize>,
    /// Every so many windows have points in the tables, at least 1.
    pub passes: usize,
    /// The directory of the table cache.
    pub cache: Option<PathBuf>,
}

/// The table of one query of the key, without the wires whose point is the identity.
pub struct Query<P: ZkeyCurve> {
    wires: Vec<u32>,
    table: FixedBaseTable<P>,
}

pub struct Tables {
    pub a: Query<g1::Config>,
    pub b1: Query<g1::Config>,
    pub b2: Query<g2::Config>,
    /// The C and H queries in one table: their sums are only ever added.
    pub c_and_h: FixedBaseTable<g1::Config>,
}

/// What the key alone says of its tables: the wires of each query and the shape of each table.
struct Plan {
    a: (Vec<u32>, Shape),
    b1: (Vec<u32>, Shape),
    b2: (Vec<u32>, Shape),
    c_and_h: Shape,
}

impl Plan {
    fn new(key: &Zkey<'_>, options: &TableOptions) -> Result<Self> {
        let passes = options.passes;
        let shape = |base_count: usize| {
            let window_bits = options.window_bits.unwrap_or_else(|| best_window_bits(base_count, passes));
            Shape::new(base_count, window_bits, passes).ok_or_else(|| {
                Failure::new(
                    Code::TooLarge,
                    "the tables would be too large; take wider windows or more passes",
                )
            })
        };
        let query = |wires: Vec<u32>| shape(wires.len()).map(|shape| (wires, shape));
        Ok(Plan {
            a: query(key.a_points.nonzero())?,
            b1: query(key.b1_points.nonzero())?,
            b2: query(key.b2_points.nonzero())?,
            c_and_h: shape(key.c_points.count() + key.h_points.count())?,
        })
    }

    fn shapes(&self) -> [Shape; 4] {
        [self.a.1, self.b1.1, self.b2.1, self.c_and_h]
    }
}

impl<P: ZkeyCurve> Query<P> {
    fn build((wires, shape): (Vec<u32>, Shape), points: &RawPoints<'_, P>) -> Result<Self> {
        let bases: Vec<_> = points.decode()?.into_iter().filter(|point| !point.infinity).collect();
        Ok(Query { wires, table: FixedBaseTable::new(&bases, shape) })
    }

    fn read((wires, shape): &(Vec<u32>, Shape), cache: &mut CacheReader) -> io::Result<Self> {
        Ok(Query { wires: wires.clone(), table: cache.table(*shape)? })
    }

    /// The sum over the query's wires of value times point; `witness` has a value for every wire of the circuit.
    pub fn multiply(&self, witness: &[BigInt<4>]) -> Projective<P> {
        let scalars: Vec<_> = self.wires.iter().map(|&wire| witness[wire as usize]).collect();
        self.table.multiply(&scalars)
    }
}

impl Tables {
    /// The tables of `key`, which `zkey` was parsed to. With a cache they are read from it, or written to it; a cache that
    /// cannot be read or written is no error. Errors: `MALFORMED_ZKEY` for a bad point, `TOO_LARGE`.
    pub fn load(key: &Zkey<'_>, zkey: &[u8], options: &TableOptions) -> Result<(Self, Origin)> {
        let plan = Plan::new(key, options)?;
        let cache = options.cache.as_ref().map(|directory| TableCache::new(directory, zkey, &plan.shapes()));
        if let Some(Ok(tables)) = cache.as_ref().map(|cache| cache.read(|reader| Tables::read(reader, &plan)))
        {
            return Ok((tables, Origin::Cache));
        }
        let tables = Tables::build(key, plan)?;
        if let Some(cache) = cache {
            // Without the file the next load takes longer, and that is all.
            let _ = cache.write(|writer| tables.write(writer));
        }
        Ok((tables, Origin::Built))
    }

    fn build(key: &Zkey<'_>, plan: Plan) -> Result<Self> {
        let c_and_h_points = [key.c_points.decode()?, key.h_points.decode()?].concat();
        Ok(Tables {
            a: Query::build(plan.a, &key.a_points)?,
            b1: Query::build(plan.b1, &key.b1_points)?,
            b2: Query::build(plan.b2, &key.b2_points)?,
            c_and_h: FixedBaseTable::new(&c_and_h_points, plan.c_and_h),
        })
    }

    fn read(cache: &mut CacheReader, plan: &Plan) -> io::Result<Self> {
        Ok(Tables {
            a: Query::read(&plan.a, cache)?,
            b1: Query::read(&plan.b1, cache)?,
            b2: Query::read(&plan.b2, cache)?,
            c_and_h: cache.table(plan.c_and_h)?,
        })
    }

    /// In the order of `read`.
    fn write(&self, cache: &mut CacheWriter) -> io::Result<()> {
        cache.table(&self.a.table)?;
        cache.table(&self.b1.table)?;
        cache.table(&self.b2.table)?;
        cache.table(&self.c_and_h)
    }

    pub fn size_bytes(&self) -> usize {
        let queries = self.a.table.size_bytes() + self.b1.table.size_bytes() + self.b2.table.size_bytes();
        queries + self.c_and_h.size_bytes()
    }
}
