#!/usr/bin/env bash
# Installs what build.sh needs, once: Debian 12 or newer, as root. About 1.4 GB of disk.
# The linker is built (about 7 minutes on two cores) into .toolchain/ at the repository's root, unless SBPF_LINKER names a
# binary of the same version.
set -euo pipefail
linker_version=0.2.6
root=$(cd "$(dirname "$0")/../.." && pwd)

apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
  rustc-web cargo-web rust-web-src llvm-22-dev

if [ -n "${SBPF_LINKER:-}" ]; then
  "$SBPF_LINKER" --version
  exit 0
fi
if [ ! -x "$root/.toolchain/bin/sbpf-linker" ]; then
  RUSTC=/usr/bin/rustc RUSTFLAGS="-L native=/usr/lib/llvm-22/lib" LLVM_PREFIX=/usr/lib/llvm-22 \
    /usr/bin/cargo install sbpf-linker --version "$linker_version" --locked --no-default-features \
    --features bpf-linker/llvm-22 --root "$root/.toolchain"
fi
