#!/usr/bin/env bash
# Builds the program for SBPF v3. Writes target/bpfel-unknown-none/release/libzk_casino.so below the program's folder.
# The same sources, compiler and linker give the same bytes in any folder. SBPF_LINKER names the linker (default: the one that
# setup.sh installed).
set -euo pipefail
program=$(cd "$(dirname "$0")/.." && pwd)
linker=${SBPF_LINKER:-$program/../.toolchain/bin/sbpf-linker}
cargo_home=${CARGO_HOME:-$HOME/.cargo}
[ -x "$linker" ] || { echo "no linker at $linker: run program/toolchain/setup.sh, or set SBPF_LINKER" >&2; exit 1; }

cd "$program"
unset RUSTFLAGS CARGO_ENCODED_RUSTFLAGS CARGO_TARGET_DIR CARGO_BUILD_TARGET || true
# The standard library is built from Debian's sources with unstable flags.
export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_BPFEL_UNKNOWN_NONE_RUSTFLAGS="-C linker=$linker -C panic=abort \
 -C relocation-model=static -C target-cpu=v3 -C target-feature=+allows-misaligned-mem-access -C link-arg=--arch=v3 \
 -C link-arg=--disable-math-builtins -C link-arg=--llvm-args=-bpf-stack-size=4096 \
 --remap-path-prefix=$cargo_home=/cargo --remap-path-prefix=$program=/src"
# A failed link would leave the old one behind.
rm -f target/bpfel-unknown-none/release/*.so
exec /usr/bin/cargo build --locked --release -j 2 --target bpfel-unknown-none -Z build-std=core,alloc \
  --features bpf-entrypoint "$@"
