// Builds the on-chain program, or checks the committed one. Plain JavaScript, so that it runs before anything is installed.
//
//   node program/build.mjs                  rebuild, and write prebuilt/
//   node program/build.mjs --check          the committed binary is of the committed sources, by their hashes (no toolchain)
//   node program/build.mjs --rebuild-check  rebuild, and compare byte for byte
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const program = dirname(fileURLToPath(import.meta.url));
const binaryFile = join(program, 'prebuilt/zk_casino.so');
const manifestFile = join(program, 'prebuilt/manifest.json');
const builtFile = join(program, 'target/bpfel-unknown-none/release/libzk_casino.so');
const rustc = '/usr/bin/rustc';
const linker = process.env.SBPF_LINKER ?? join(program, '../.toolchain/bin/sbpf-linker');

const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');

/** Everything that decides the binary, besides the tools: file names and contents, in a fixed order. */
function sourcesSha256() {
  const sources = readdirSync(join(program, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      relative(program, join(entry.parentPath ?? entry.path, entry.name))
        .split(sep)
        .join('/'),
    );
  const files = ['Cargo.toml', 'Cargo.lock', 'toolchain/build.sh', ...sources].sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${file}\n${sha256(readFileSync(join(program, file)))}\n`);
  return hash.digest('hex');
}

function run(command, args) {
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  if (result.error) fail(`${command}: ${result.error.message}. Run program/toolchain/setup.sh first.`);
  if (result.status !== 0) fail(`${command} ended with status ${result.status}`);
  return result.stdout.trim();
}

function fail(message) {
  console.error(`program: ${message}`);
  process.exit(1);
}

/** Rebuilds and returns the binary with the manifest that describes it. */
function rebuild() {
  run(join(program, 'toolchain/build.sh'), []);
  const binary = readFileSync(builtFile);
  const manifest = {
    sourcesSha256: sourcesSha256(),
    binarySha256: sha256(binary),
    rustc: run(rustc, ['--version']),
    linker: run(linker, ['--version']).replaceAll('\n', ', '),
  };
  return { binary, manifest };
}

function committed() {
  try {
    return { binary: readFileSync(binaryFile), manifest: JSON.parse(readFileSync(manifestFile, 'utf8')) };
  } catch (cause) {
    return fail(`nothing is prebuilt (${cause.message})`);
  }
}

function check() {
  const { binary, manifest } = committed();
  if (manifest.sourcesSha256 !== sourcesSha256())
    fail('the sources changed since prebuilt/ was built: run node program/build.mjs');
  if (manifest.binarySha256 !== sha256(binary)) fail('prebuilt/zk_casino.so is not the file that its manifest names');
}

const mode = process.argv[2];
if (mode === undefined) {
  const { binary, manifest } = rebuild();
  mkdirSync(dirname(binaryFile), { recursive: true });
  writeFileSync(binaryFile, binary);
  writeFileSync(manifestFile, `${JSON.stringify(manifest, null, 2)}\n`);
  console.log(`program: ${binary.length} bytes, sha256 ${manifest.binarySha256}`);
} else if (mode === '--check') {
  check();
  console.log('program: the prebuilt binary is of these sources');
} else if (mode === '--rebuild-check') {
  check();
  const rebuilt = rebuild();
  const { binary, manifest } = committed();
  if (!rebuilt.binary.equals(binary)) {
    fail(
      `the rebuild differs: ${rebuilt.manifest.rustc}, ${rebuilt.manifest.linker}; committed: ${manifest.rustc}, ${manifest.linker}`,
    );
  }
  console.log('program: the rebuild is the prebuilt binary, byte for byte');
} else {
  fail('usage: node program/build.mjs [--check | --rebuild-check]');
}
