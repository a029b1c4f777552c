//! Tables kept on disk between loads of the same key.
//!
//! A file holds the points of all tables of one key, and no lengths: those follow from the key. Its name has the SHA-256
//! of the zkey, the hash of this crate's sources and the tables' shapes, so whatever the content depends on
//! leads to another name. The header has a checksum of name and content; a file that does not match it, or has
//! another length, is as good as none. Coordinates are decoded, not mapped: any content gives canonical elements or fails.
//!
//! The checksum finds damage, not forgery: whoever may write to the directory can give a prover wrong tables, and with them
//! proofs that fail the verification which every proof has to pass before it is returned.
//!
//! `magic 8 | checksum 32 | points of each table as in a zkey, 64 bytes of G1, 128 of G2`

use crate::affine_sums::Point;
use crate::msm::{FixedBaseTable, Shape};
use crate::points::ZkeyCurve;
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

const MAGIC: &[u8; 8] = b"zkctable";
/// Of the layout of a file.
const FORMAT_VERSION: u32 = 1;
/// Hash of the sources that the tables and the checks of their points come from (build.rs).
const KERNEL: &str = env!("KERNEL_SOURCES_SHA256");
const CHECKSUM_BYTES: usize = 32;
const HEADER_BYTES: usize = MAGIC.len() + CHECKSUM_BYTES;
/// Points that are read, hashed and decoded at a time, by one thread.
const CHUNK_POINTS: usize = 1 << 13;
/// A temporary file older than this was left by a process that ended.
const ABANDONED: Duration = Duration::from_secs(3600);

type Checksum = [u8; CHECKSUM_BYTES];

/// The file for the tables of one key.
pub struct TableCache {
    directory: PathBuf,
    name: String,
}

/// Takes table after table off a file.
pub struct CacheReader {
    path: PathBuf,
    length: u64,
    offset: u64,
    checksum: Sha256,
}

/// Appends table after table to a file.
pub struct CacheWriter {
    file: File,
    checksum: Sha256,
}

fn invalid(message: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

impl TableCache {
    /// `shapes` are those of all tables, in file order.
    pub fn new(directory: &Path, zkey: &[u8], shapes: &[Shape]) -> Self {
        let key: String = Sha256::digest(zkey).iter().map(|byte| format!("{byte:02x}")).collect();
        let names: Vec<_> = shapes.iter().map(Shape::name).collect();
        let name = format!("{key}-f{FORMAT_VERSION}-k{KERNEL:.16}-w{}.tables", names.join("."));
        TableCache { directory: directory.to_owned(), name }
    }

    fn path(&self) -> PathBuf {
        self.directory.join(&self.name)
    }

    /// The checksum covers this, the digest of each chunk of points, and so all that a file has.
    fn checksum(&self) -> Sha256 {
        Sha256::new_with_prefix(self.name.as_bytes())
    }

    /// What `take` makes of the file's tables, if the file is whole.
    pub fn read<T>(&self, take: impl FnOnce(&mut CacheReader) -> io::Result<T>) -> io::Result<T> {
        let path = self.path();
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return Err(invalid("not a file"));
        }
        let mut header = [0u8; HEADER_BYTES];
        File::open(&path)?.read_exact(&mut header)?;
        let (magic, expected) = header.split_at(MAGIC.len());
        if magic != MAGIC {
            return Err(invalid("another magic number"));
        }
        let (length, offset) = (metadata.len(), HEADER_BYTES as u64);
        let mut reader = CacheReader { path, length, offset, checksum: self.checksum() };
        let value = take(&mut reader)?;
        if reader.offset != length || reader.checksum.finalize().as_slice() != expected {
            return Err(invalid("another length or checksum"));
        }
        Ok(value)
    }

    /// Writes the file of the tables that `give` hands over. It appears whole or not at all.
    pub fn write(&self, give: impl FnOnce(&mut CacheWriter) -> io::Result<()>) -> io::Result<()> {
        fs::create_dir_all(&self.directory)?;
        self.remove_abandoned()?;
        let unique = getrandom::u64().map_err(|error| io::Error::other(error.to_string()))?;
        let temporary = self.directory.join(format!("{}.{unique:016x}.tmp", self.name));
        let written = self.write_to(&temporary, give).and_then(|()| fs::rename(&temporary, self.path()));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        } else if let Ok(directory) = File::open(&self.directory) {
            // Not every system can; then a power cut may take the file away again.
            let _ = directory.sync_all();
        }
        written
    }

    fn write_to(&self, path: &Path, give: impl FnOnce(&mut CacheWriter) -> io::Result<()>) -> io::Result<()> {
        let mut file = File::create_new(path)?;
        file.write_all(&[0; HEADER_BYTES])?;
        let mut writer = CacheWriter { file, checksum: self.checksum() };
        give(&mut writer)?;
        let CacheWriter { mut file, checksum } = writer;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(MAGIC)?;
        file.write_all(&checksum.finalize())?;
        file.sync_all()
    }

    /// Removes what writers of this file left that were ended before they were done.
    fn remove_abandoned(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let is_temporary =
                name.to_str().is_some_and(|name| name.starts_with(&self.name) && name.ends_with(".tmp"));
            if is_temporary && entry.metadata()?.modified()?.elapsed().is_ok_and(|age| age > ABANDONED) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

impl CacheReader {
    /// The next table, whose checksum is compared only when all are read.
    pub fn table<P: ZkeyCurve>(&mut self, shape: Shape) -> io::Result<FixedBaseTable<P>> {
        let start = self.offset;
        self.offset += shape.point_count() as u64 * P::BYTES as u64;
        if self.offset > self.length {
            return Err(invalid("the file ends too early"));
        }
        let mut points = vec![Point::<P>::identity(); shape.point_count()];
        let digests = points
            .par_chunks_mut(CHUNK_POINTS)
            .enumerate()
            .map_init(
                || (File::open(&self.path), Vec::new()),
                |(file, buffer), (index, points)| {
                    let file = file.as_mut().map_err(|_| invalid("the file went away"))?;
                    file.seek(SeekFrom::Start(start + (index * CHUNK_POINTS * P::BYTES) as u64))?;
                    read_chunk(file, buffer, points)
                },
            )
            .collect::<io::Result<Vec<Checksum>>>()?;
        digests.iter().for_each(|digest| self.checksum.update(digest));
        FixedBaseTable::from_points(shape, points).ok_or_else(|| invalid("another number of points"))
    }
}

/// Fills `points` from where the file stands; returns the digest of the bytes.
fn read_chunk<P: ZkeyCurve>(
    file: &mut File,
    buffer: &mut Vec<u8>,
    points: &mut [Point<P>],
) -> io::Result<Checksum> {
    buffer.resize(points.len() * P::BYTES, 0);
    file.read_exact(buffer)?;
    for (point, bytes) in points.iter_mut().zip(buffer.chunks_exact(P::BYTES)) {
        let (x, y) = P::unchecked_from_zkey(bytes).ok_or_else(|| invalid("not canonical"))?;
        *point = Point { x, y };
    }
    Ok(Sha256::digest(buffer).into())
}

impl CacheWriter {
    pub fn table<P: ZkeyCurve>(&mut self, table: &FixedBaseTable<P>) -> io::Result<()> {
        let mut buffer = Vec::with_capacity(CHUNK_POINTS * P::BYTES);
        for points in table.points().chunks(CHUNK_POINTS) {
            buffer.clear();
            points.iter().for_each(|point| P::write_zkey(&point.x, &point.y, &mut buffer));
            self.checksum.update(Sha256::digest(&buffer));
            self.file.write_all(&buffer)?;
        }
        Ok(())
    }
}
