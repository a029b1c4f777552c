// Compiles the circuits and records what came out; plain JavaScript for Node 20 and later.
//
//   node circuits/build.mjs                  compile every size, write artifacts/ and the hashes in manifest.json
//   node circuits/build.mjs --check          compare sources and artifacts with the recorded hashes, without compiling
//   node circuits/build.mjs --rebuild-check  compile again and compare byte for byte
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';

const folder = dirname(fileURLToPath(import.meta.url));
const root = dirname(folder);
const manifestPath = join(folder, 'manifest.json');
const artifacts = join(folder, 'artifacts');
const require = createRequire(import.meta.url);
const FLAGS = ['--O2'];

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const artifactPath = (name, kind) => join(artifacts, `${name}.${kind}.br`);

/** Versions of the compiler and its library, as installed. */
function toolVersions() {
  const version = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
  return { circom2: version('circom2'), circomlib: version('circomlib'), flags: FLAGS.join(' ') };
}

/** Hash of every circom file, its path included, and of the tools' versions. */
function sourcesSha256() {
  const files = ['.', 'templates'].flatMap((sub) =>
    readdirSync(join(folder, sub))
      .filter((file) => file.endsWith('.circom'))
      .map((file) => join(folder, sub, file)),
  );
  const hash = createHash('sha256').update(JSON.stringify(toolVersions()));
  const named = files.map((file) => ({ file, path: relative(folder, file).replaceAll('\\', '/') }));
  named.sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { file, path } of named) {
    hash.update(`\n${path} ${sha256(readFileSync(file, 'utf8').replaceAll('\r\n', '\n'))}`);
  }
  return hash.digest('hex');
}

/** Runs circom2, which reads and writes only below its working folder, and returns the raw artifacts. */
function compile(name) {
  mkdirSync(join(folder, 'build'), { recursive: true });
  const out = mkdtempSync(join(folder, 'build', `${name}-`));
  try {
    const cli = require.resolve('circom2/cli.js');
    const source = relative(root, join(folder, `${name}.circom`));
    const args = [cli, source, '-l', 'node_modules', '--r1cs', '--wasm', ...FLAGS, '-o', relative(root, out)];
    execFileSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
    return { r1cs: readFileSync(join(out, `${name}.r1cs`)), wasm: readFileSync(join(out, `${name}_js`, `${name}.wasm`)) };
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

/** Counts of an r1cs file's header section (the iden3 r1cs binary format, version 1). */
function r1csHeader(bytes) {
  for (let offset = 12; offset < bytes.length; ) {
    const type = bytes.readUInt32LE(offset);
    const body = offset + 12;
    if (type === 1) {
      const counts = body + 4 + bytes.readUInt32LE(body);
      return {
        wires: bytes.readUInt32LE(counts),
        publicSignals: bytes.readUInt32LE(counts + 4) + bytes.readUInt32LE(counts + 8),
        constraints: bytes.readUInt32LE(counts + 24),
      };
    }
    offset = body + Number(bytes.readBigUInt64LE(offset + 4));
  }
  throw new Error('r1cs file without a header');
}

/** What the manifest says of one compiled size. Throws if it does not fit its power of two. */
function describe(name, size, { r1cs, wasm }) {
  const { power, maxBets, maxVaults } = size;
  const main = readFileSync(join(folder, `${name}.circom`), 'utf8');
  if (!main.includes(`Settlement(${maxBets}, ${maxVaults})`)) throw new Error(`${name}.circom and the manifest differ in size`);
  const { constraints, wires, publicSignals } = r1csHeader(r1cs);
  const rows = constraints + publicSignals + 1;
  if (rows > 2 ** power) throw new Error(`${name}: ${rows} rows do not fit 2^${power}`);
  const hashes = { r1csSha256: sha256(r1cs), wasmSha256: sha256(wasm) };
  return { power, maxBets, maxVaults, constraints, wires, publicSignals, ...hashes };
}

function compress(bytes) {
  const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;
  const params = { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: bytes.length };
  return brotliCompressSync(bytes, { params });
}

function build(manifest) {
  mkdirSync(artifacts, { recursive: true });
  const circuits = {};
  for (const [name, size] of Object.entries(manifest.circuits)) {
    const compiled = compile(name);
    circuits[name] = describe(name, size, compiled);
    for (const kind of ['r1cs', 'wasm']) writeFileSync(artifactPath(name, kind), compress(compiled[kind]));
    console.log(`${name}: ${circuits[name].constraints} constraints, ${2 ** size.power - circuits[name].constraints} rows left`);
  }
  const next = { tools: toolVersions(), sourcesSha256: sourcesSha256(), circuits };
  writeFileSync(manifestPath, `${JSON.stringify(next, null, 2)}\n`);
}

/** Differences between the manifest and what is on disk, or what a new compilation gives. */
function differences(manifest, { recompile }) {
  const found = [];
  if (sourcesSha256() !== manifest.sourcesSha256) found.push('circom sources or tool versions changed since the last build');
  for (const [name, size] of Object.entries(manifest.circuits)) {
    const committed = {};
    for (const kind of ['r1cs', 'wasm']) {
      const path = artifactPath(name, kind);
      if (!existsSync(path)) return [...found, `${name}.${kind} is missing`];
      committed[kind] = brotliDecompressSync(readFileSync(path));
    }
    if (JSON.stringify(describe(name, size, committed)) !== JSON.stringify(size))
      found.push(`${name}: artifact and manifest differ`);
    if (!recompile) continue;
    const compiled = compile(name);
    for (const kind of ['r1cs', 'wasm']) {
      if (!compiled[kind].equals(committed[kind])) found.push(`${name}.${kind}: the committed artifact is not what compiles`);
    }
  }
  return found;
}

const [mode] = process.argv.slice(2);
if (![undefined, '--check', '--rebuild-check'].includes(mode)) {
  console.error('usage: node circuits/build.mjs [--check | --rebuild-check]');
  process.exit(2);
}
const manifest = JSON.parse(readFileSync(manifestPath, 'utf8'));
if (mode === undefined) {
  build(manifest);
} else {
  const found = differences(manifest, { recompile: mode === '--rebuild-check' });
  for (const line of found) console.error(line);
  if (found.length > 0) process.exit(1);
  console.log('circuits: artifacts are as recorded');
}
