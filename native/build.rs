use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::{fs, io};

fn main() {
    #[cfg(feature = "addon")]
    napi_build::setup();
    if std::env::var("CARGO_CFG_TARGET_OS").as_deref() == Ok("linux") {
        // Threads of this library may outlive the Node environment that loaded it; it must stay mapped for them.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    // Another kernel does not read the table cache of this one: it may check more, or compute otherwise.
    println!("cargo:rustc-env=KERNEL_SOURCES_SHA256={}", hash_sources().expect("the sources can be read"));
}

/// Over name and content of each Rust source, and the versions of the dependencies.
fn hash_sources() -> io::Result<String> {
    let mut files: Vec<PathBuf> =
        fs::read_dir("src")?.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>()?;
    files.sort();
    files.push("Cargo.lock".into());
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=Cargo.lock");
    let mut hash = Sha256::new();
    for file in files {
        hash.update(format!("{} {:x}\n", name_of(&file), Sha256::digest(fs::read(&file)?)));
    }
    Ok(format!("{:x}", hash.finalize()))
}

fn name_of(file: &Path) -> String {
    file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
