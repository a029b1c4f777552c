import { type Finding, fail, ok, warn } from './finding.ts';

const REQUIRED_NODE_MAJOR = 26;
const GIGABYTE = 1_000_000_000;
/** A proof of the largest size takes about one, the service and its caches about one more. */
const LEAST_MEMORY_BYTES = 3 * GIGABYTE;
const LOW_DISK_BYTES = 10 * GIGABYTE;
const LEAST_DISK_BYTES = GIGABYTE;
/** Every bettor who listens to events holds a file open. */
const FEW_OPEN_FILES = 4_096;

export function checkNode(version: string): Finding {
  const check = 'Node';
  if (Number(version.split('.')[0]) >= REQUIRED_NODE_MAJOR) return ok(check, version);
  return fail(
    check,
    `${version} is too old`,
    `use Node ${REQUIRED_NODE_MAJOR} or newer: \`npm ci\` brings it, \`npm start\` uses it`,
  );
}

/** `load` throws if the kernel does not load here. */
export function checkKernel(platform: string, load: () => void): Finding {
  const check = 'native kernel';
  try {
    load();
    return ok(check, `loads on ${platform}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(check, `does not load on ${platform}: ${reason}`, 'use Linux x64 with glibc 2.34 or newer (native/README.md)');
  }
}

export function checkMemory(totalBytes: number): Finding {
  const found = `${(totalBytes / GIGABYTE).toFixed(1)} GB`;
  if (totalBytes >= LEAST_MEMORY_BYTES) return ok('memory', found);
  return warn('memory', `${found} is little for the largest proofs`, 'add memory, or leave the size large out: prover.circuits');
}

export function checkDisk(freeBytes: number): Finding {
  const found = `${(freeBytes / GIGABYTE).toFixed(1)} GB free`;
  if (freeBytes < LEAST_DISK_BYTES) return fail('disk', found, 'make room: a full disk stops bets (docs/operating/recovery.md)');
  if (freeBytes < LOW_DISK_BYTES) return warn('disk', found, 'make room before it is needed');
  return ok('disk', found);
}

/** `writeDurably` writes, syncs and removes a file in the data directory. */
export function checkWriting(writeDurably: () => void): Finding {
  const check = 'durable writes';
  try {
    writeDurably();
    return ok(check, 'a file can be written and synced');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail(check, reason, 'make the data directory writable, on a file system that syncs (a local disk)');
  }
}

/** Paths of the data directory and the file system that each is on. */
export function checkFileSystem(devices: readonly { path: string; device: number }[]): Finding {
  const check = 'one file system';
  const [first, ...others] = devices;
  const elsewhere = others.filter(({ device }) => device !== first?.device).map(({ path }) => path);
  if (elsewhere.length === 0) return ok(check, 'ledger, keys and archive are on one');
  const todo = 'keep the whole data directory on one: a snapshot of it then holds all at one moment';
  return warn(check, `${elsewhere.join(', ')} is on another`, todo);
}

/** Undefined where the system does not tell. */
export function checkOpenFiles(limit: number | undefined): Finding {
  const check = 'open files';
  if (limit === undefined) return ok(check, 'not limited, as far as is known');
  if (limit >= FEW_OPEN_FILES) return ok(check, `up to ${limit}`);
  return warn(
    check,
    `only up to ${limit}`,
    'raise it, `ulimit -n 65536` or LimitNOFILE= of systemd: each bettor who listens takes one',
  );
}

/** `free`: nothing listens there; `ours`: a sequencer answers; `other`: something else does. */
export function checkPort(port: number, use: 'free' | 'ours' | 'other'): Finding {
  const check = 'API port';
  if (use === 'other') return fail(check, `${port} is taken by something else`, 'stop it, or set api.port');
  return ok(check, use === 'free' ? `${port} is free` : `${port} is the running service's`);
}
