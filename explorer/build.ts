import { createHash, randomBytes } from 'node:crypto';
import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const ROOT = join(import.meta.dirname, '..');
const DIST = join(import.meta.dirname, 'dist');
/** What ends up in the page, or says how. A change of what is installed changes the lock file. */
const SOURCES = [
  'explorer/{index.html,vite.config.ts,build.ts}',
  'explorer/{src,public}/**/*',
  '{protocol,verifier,client,program/client}/**/*.{ts,json}',
  'package-lock.json',
];
const COMPRESSED = new Set(['.html', '.js', '.css', '.svg', '.json', '.wasm']);
/** Below this the headers weigh more than what is saved. */
const LEAST_COMPRESSED_BYTES = 256;
/** A build that is older may not be in use by a running server any more. */
const KEEP_MS = 86_400_000;

/** Where the page built of the sources as they are now lies, or would lie. */
export function builtPage(dist = DIST): { directory: string; exists: boolean } {
  const directory = join(dist, sourcesHash());
  return { directory, exists: existsSync(join(directory, 'index.html')) };
}

/**
 * Builds the page, unless it is built already; resolves to its directory. Each state of the sources has a directory of its own that
 * appears at once and never changes, so that a running server, and another process that builds the same, are not disturbed.
 */
export async function buildExplorer(dist = DIST): Promise<string> {
  const { directory, exists } = builtPage(dist);
  if (exists) return directory;
  const { build } = await import('vite');
  const draft = join(dist, `draft-${process.pid}-${randomBytes(4).toString('hex')}`);
  mkdirSync(draft, { recursive: true });
  try {
    const configFile = join(import.meta.dirname, 'vite.config.ts');
    await build({ configFile, logLevel: 'error', build: { outDir: draft, emptyOutDir: true } });
    for (const name of readdirSync(draft, { recursive: true, encoding: 'utf8' })) compress(join(draft, name));
    publish(draft, directory);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
  removeOldBuilds(dist, directory);
  return directory;
}

/** Another process may have been faster: its build is the same. */
function publish(draft: string, directory: string): void {
  try {
    renameSync(draft, directory);
  } catch (error) {
    if (!existsSync(join(directory, 'index.html'))) throw error;
  }
}

function compress(path: string): void {
  if (!COMPRESSED.has(extname(path)) || !statSync(path).isFile()) return;
  const bytes = readFileSync(path);
  if (bytes.length < LEAST_COMPRESSED_BYTES) return;
  writeFileSync(`${path}.gz`, gzipSync(bytes, { level: 9 }));
  const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
  writeFileSync(`${path}.br`, brotliCompressSync(bytes, { params }));
}

function removeOldBuilds(dist: string, current: string): void {
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    if (path === current) continue;
    // Another process may be removing it too.
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > KEEP_MS) rmSync(path, { recursive: true, force: true });
  }
}

function sourcesHash(): string {
  const hash = createHash('sha256');
  const paths = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: ROOT }));
  for (const path of [...new Set(paths)].sort()) {
    if (path.endsWith('.test.ts') || !statSync(join(ROOT, path)).isFile()) continue;
    const bytes = readFileSync(join(ROOT, path));
    hash.update(`${path}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex').slice(0, 16);
}

if (import.meta.main) process.stdout.write(`${await buildExplorer()}\n`);
