#!/usr/bin/env node
// Builds the native kernel. Plain JavaScript for Node 20 or newer, so that it runs before anything is installed.
//
//   node native/build.mjs                  rebuild prebuilt/linux-x64-gnu.node and its manifest
//   node native/build.mjs --local          build for this machine alone, into build/ (any platform that Rust serves)
//   node native/build.mjs --check          compare sources and binary with the manifest; builds nothing
//   node native/build.mjs --rebuild-check  rebuild in a temporary folder and compare the bytes
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const NATIVE = fileURLToPath(new URL('.', import.meta.url));
const TARGET = 'x86_64-unknown-linux-gnu';
const TARGET_CPU = 'x86-64-v3';
/** What x86-64-v3 asks of a CPU, by the names of /proc/cpuinfo (`pni` is SSE3, `abm` has LZCNT). */
const CPU_FLAGS = 'cx16 lahf_lm popcnt pni ssse3 sse4_1 sse4_2 avx avx2 bmi1 bmi2 f16c fma abm movbe xsave'.split(' ');
const PREBUILT = join(NATIVE, 'prebuilt', 'linux-x64-gnu.node');
const MANIFEST = join(NATIVE, 'prebuilt', 'manifest.json');
/** Names of the built library by platform. */
const LIBRARY = { linux: 'libzk_casino_native.so', darwin: 'libzk_casino_native.dylib', win32: 'zk_casino_native.dll' };

function sha256(data) {
  return createHash('sha256').update(data).digest('hex');
}

/** Hash over the path and hash of each source, sorted by path. */
function hashSources() {
  const sources = readdirSync(join(NATIVE, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(NATIVE, join(entry.parentPath, entry.name)).split(sep).join('/'));
  const files = ['Cargo.toml', 'Cargo.lock', 'build.rs', ...sources].sort();
  return sha256(files.map((file) => `${file} ${sha256(readFileSync(join(NATIVE, file)))}\n`).join(''));
}

function rustcVersion() {
  return execFileSync('rustc', ['--version'], { encoding: 'utf8' }).trim();
}

/** Compiler flags that keep this machine's paths out of the binary, whatever they are. */
function pathFlags(targetDir) {
  const cargoHome = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const registries = join(cargoHome, 'registry', 'src');
  const folders = existsSync(registries) ? readdirSync(registries).map((name) => join(registries, name)) : [];
  const renamed = [[cargoHome, '/cargo'], ...folders.map((folder) => [folder, '/crates']), [targetDir, '/target']];
  return [...renamed, [NATIVE.slice(0, -1), '/native']].map(([from, to]) => `--remap-path-prefix=${from}=${to}`);
}

/** Builds in `targetDir` and returns the library's path. */
function cargoBuild(targetDir, { target, cpu }) {
  const run = (args, env = {}) =>
    execFileSync('cargo', args, { cwd: NATIVE, stdio: ['ignore', 'inherit', 'inherit'], env: { ...process.env, ...env } });
  run(['fetch', '--locked']);
  const flags = [...pathFlags(targetDir), '-C', `target-cpu=${cpu}`];
  const targetArgs = target === undefined ? [] : ['--target', target];
  run(['build', '--release', '--locked', '--target-dir', targetDir, ...targetArgs], {
    // Takes precedence over RUSTFLAGS and over flags in configuration files.
    CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
    CARGO_INCREMENTAL: '0',
  });
  const library = LIBRARY[process.platform];
  if (library === undefined) throw new Error(`no library name is known for ${process.platform}`);
  return join(targetDir, target ?? '', 'release', library);
}

function buildPrebuilt(targetDir) {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('the prebuilt binary is built on linux x64; use --local on other machines');
  }
  return cargoBuild(targetDir, { target: TARGET, cpu: TARGET_CPU });
}

/** The newest glibc symbol version that the binary asks for, from its dynamic string table. */
function neededGlibc(binary) {
  const found = new Set(binary.toString('latin1').match(/GLIBC_\d+\.\d+/g));
  const versions = [...found].map((name) => name.slice('GLIBC_'.length).split('.').map(Number));
  const newest = versions.sort(([a, b], [c, d]) => a - c || b - d).at(-1);
  if (newest === undefined) throw new Error('the binary names no glibc version');
  return newest.join('.');
}

function manifestFor(binary) {
  return {
    sourcesSha256: hashSources(),
    binarySha256: sha256(binary),
    binaryBytes: binary.length,
    rustc: rustcVersion(),
    target: TARGET,
    targetCpu: TARGET_CPU,
    cpuFlags: CPU_FLAGS,
    glibc: neededGlibc(binary),
  };
}

function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), 'native-build-'));
  try {
    return work(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A process may run from the old file, which must not change under it. */
function replaceFile(path, content) {
  const temporary = `${path}.tmp`;
  writeFileSync(temporary, content, { mode: path.endsWith('.node') ? 0o755 : 0o644 });
  renameSync(temporary, path);
}

function rebuild() {
  const binary = readFileSync(buildPrebuilt(process.env.CARGO_TARGET_DIR ?? join(NATIVE, 'target')));
  mkdirSync(join(NATIVE, 'prebuilt'), { recursive: true });
  replaceFile(PREBUILT, binary);
  replaceFile(MANIFEST, `${JSON.stringify(manifestFor(binary), null, 2)}\n`);
  console.log(`prebuilt/linux-x64-gnu.node: ${binary.length} bytes, sha256 ${sha256(binary)}`);
}

function buildLocal() {
  const library = cargoBuild(process.env.CARGO_TARGET_DIR ?? join(NATIVE, 'target'), { cpu: 'native' });
  const destination = join(NATIVE, 'build', `${process.platform}-${process.arch}.node`);
  mkdirSync(join(NATIVE, 'build'), { recursive: true });
  replaceFile(destination, readFileSync(library));
  console.log(`built ${relative(process.cwd(), destination)}`);
}

function check() {
  const manifest = JSON.parse(readFileSync(MANIFEST, 'utf8'));
  const faults = [];
  if (manifest.sourcesSha256 !== hashSources()) faults.push('the sources are not those that the binary was built from');
  if (manifest.binarySha256 !== sha256(readFileSync(PREBUILT))) faults.push('the binary is not the one of the manifest');
  if (manifest.targetCpu !== TARGET_CPU) faults.push('the binary was built for another CPU level');
  if (faults.length > 0) throw new Error(`${faults.join('; ')}: run \`node native/build.mjs\` and commit the result`);
  console.log('native: sources and binary match the manifest');
  return manifest;
}

function rebuildCheck() {
  const manifest = check();
  if (manifest.rustc !== rustcVersion()) {
    console.log(`native: not rebuilt: the binary is of ${manifest.rustc}, here is ${rustcVersion()}`);
    return;
  }
  const rebuilt = inTemporaryFolder((folder) => sha256(readFileSync(buildPrebuilt(folder))));
  if (rebuilt !== manifest.binarySha256) throw new Error(`the rebuilt binary differs: sha256 ${rebuilt}`);
  console.log('native: the rebuilt binary is the same, byte for byte');
}

const ACTIONS = { '': rebuild, '--local': buildLocal, '--check': check, '--rebuild-check': rebuildCheck };

try {
  const action = ACTIONS[process.argv[2] ?? ''];
  if (action === undefined) throw new Error(`unknown option; one of ${Object.keys(ACTIONS).join(' ')}`);
  action();
} catch (error) {
  console.error(`native/build.mjs: ${error.message}`);
  process.exitCode = 1;
}
