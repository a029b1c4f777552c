import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { createServer } from 'node:net';
import { totalmem } from 'node:os';
import { blobHashOfCid } from '../../protocol/blob.ts';
import { openBlobStores } from '../../sequencer/blobs/settings.ts';
import type { Config } from '../../sequencer/config.ts';
import { dataPaths } from '../../sequencer/context.ts';
import { messageOf } from '../../sequencer/errors.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from '../exit-codes.ts';
import { Output } from '../output.ts';
import { loadSettings, type SettingsFlags } from '../settings.ts';
import { checkBlobStore } from './chain.ts';
import * as data from './data.ts';
import type { Finding } from './finding.ts';
import { chainFindings } from './look-at-chain.ts';
import { devicesOf, keysOf, ledgerFacts, modesOf, writeAndRemove } from './look-at-data.ts';
import * as machine from './machine.ts';

export interface DoctorFlags extends SettingsFlags {
  json?: boolean;
}

const PORT_TIMEOUT_MS = 3_000;
const STORE_TIMEOUT_MS = 15_000;
const MARKS = { ok: '✓', warn: '!', again: '?', fail: '✗' } as const;

/** `casino doctor`: everything that an operator gets wrong, looked at without changing anything. Resolves to the exit code. */
export async function runDoctor(flags: DoctorFlags): Promise<number> {
  const output = new Output(process.stderr);
  try {
    const findings = await examine(flags, (what) => output.progress(`looking at ${what}`));
    output.end();
    if (flags.json) process.stdout.write(`${JSON.stringify({ ...summaryOf(findings), findings })}\n`);
    else for (const line of linesOf(findings)) process.stdout.write(`${line}\n`);
    return exitCodeOf(findings);
  } catch (error) {
    output.end();
    process.stderr.write(`${messageOf(error)}\n`);
    return EXIT_USAGE;
  }
}

/** 75 only if nothing but waiting is to be done. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const { fail, again } = summaryOf(findings);
  return fail > 0 ? EXIT_FINDING : again > 0 ? EXIT_AGAIN : 0;
}

function summaryOf(findings: readonly Finding[]) {
  const count = (level: Finding['level']) => findings.filter((finding) => finding.level === level).length;
  return { ok: count('ok'), warn: count('warn'), again: count('again'), fail: count('fail') };
}

export function linesOf(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, message, todo }) => [
    `${MARKS[level]} ${check.padEnd(width)}  ${message}`,
    ...(todo === undefined ? [] : [`  ${''.padEnd(width)}  → ${todo}`]),
  ]);
  const { ok, warn, again, fail } = summaryOf(findings);
  const counted = [`${ok} fine`, warn && `${warn} to look at`, again && `${again} without an answer`, fail && `${fail} wrong`];
  return [...lines, '', counted.filter(Boolean).join(', ')];
}

async function examine(flags: DoctorFlags, onStep: (what: string) => void): Promise<Finding[]> {
  const given = flags.data === undefined ? {} : { data: flags.data };
  const settings = loadSettings({ config: flags.config, flags: given, environment: process.env });
  const { dataDirectory, values, file } = settings;
  onStep('this machine');
  const found = [
    machine.checkNode(process.versions.node),
    machine.checkKernel(`${process.platform} ${process.arch}`, loadKernel),
    machine.checkMemory(totalmem()),
    machine.checkOpenFiles(openFileLimit()),
    data.checkSettings({ file, problems: settings.problems }),
  ];
  const { directory, keys: keyModes } = modesOf(dataDirectory);
  found.push(data.checkDataDirectory(dataDirectory, directory));
  if (directory === undefined) return found;
  onStep('the data directory');
  const { bavail, bsize } = statfsSync(dataDirectory);
  found.push(
    machine.checkDisk(bavail * bsize),
    machine.checkWriting(() => writeAndRemove(dataDirectory)),
    machine.checkFileSystem(devicesOf(dataDirectory)),
    data.checkKeyModes(keyModes),
  );
  const keys = await keysOf(dataDirectory);
  found.push(data.checkKeys('error' in keys ? keys.error : undefined));
  onStep('the ledger');
  const ledger = ledgerFacts(dataDirectory);
  found.push(data.checkLedger(ledger), data.checkArchives(ledger.archives));
  if (values.port !== undefined && values.host !== undefined) {
    const port = await useOf({ port: values.port, host: values.host });
    found.push(machine.checkPort(values.port, port), data.checkProcess({ isRunning: ledger.isRunning, port }));
  }
  onStep('the chain');
  found.push(...(await chainFindings({ config: values, keys: 'keys' in keys ? keys.keys : undefined, ledger })));
  onStep('the blob stores');
  found.push(...(await storeFindings(values, dataDirectory)));
  return found;
}

/** In a process of its own: a library of another platform can end the one that loads it. */
function loadKernel(): void {
  const script = `await import(${JSON.stringify(new URL('../../native/index.ts', import.meta.url).href)})`;
  const { status, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  if (status !== 0) throw new Error(/^\w*Error.*$/m.exec(stderr)?.[0] ?? `it ended with exit code ${status}`);
}

/** How many files this process may have open: its soft limit, on Linux. */
function openFileLimit(): number | undefined {
  if (!existsSync('/proc/self/limits')) return undefined;
  const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  return soft === undefined ? undefined : Number(soft);
}

async function useOf({ port, host }: { port: number; host: string }): Promise<'free' | 'ours' | 'other'> {
  if (port === 0 || (await isFree({ port, host }))) return 'free';
  try {
    const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
    const url = `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}/health`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(PORT_TIMEOUT_MS) });
    const health = (await answer.json()) as { problems?: unknown };
    return Array.isArray(health.problems) ? 'ours' : 'other';
  } catch {
    return 'other';
  }
}

function isFree({ port, host }: { port: number; host: string }): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** Asks each store for the newest blob that the service has: it must have that one, and be reached to say so. */
async function storeFindings({ blobStores }: Partial<Config>, dataDirectory: string): Promise<Finding[]> {
  const { blobs } = dataPaths(dataDirectory);
  let stores: ReturnType<typeof openBlobStores>;
  try {
    stores = openBlobStores(blobStores ?? ['files'], process.env);
  } catch (error) {
    return [checkBlobStore({ name: 'stores', error: messageOf(error) })];
  }
  const cid = stores.length > 0 && existsSync(blobs) ? readdirSync(blobs).find(isCid) : undefined;
  return Promise.all(
    stores.map(async (store) => {
      const { name } = store;
      if (cid === undefined) return checkBlobStore({ name });
      try {
        const bytes = await store.get(cid, AbortSignal.timeout(STORE_TIMEOUT_MS));
        return checkBlobStore(bytes ? { name } : { name, error: `it does not show the blob ${cid}` });
      } catch (error) {
        return checkBlobStore({ name, error: messageOf(error) });
      }
    }),
  );
}

function isCid(name: string): boolean {
  try {
    blobHashOfCid(name);
    return true;
  } catch {
    return false;
  }
}
