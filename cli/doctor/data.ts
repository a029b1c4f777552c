import { type Finding, fail, ok, warn } from './finding.ts';

const OTHERS = 0o077;
const octal = (mode: number): string => (mode & 0o777).toString(8).padStart(3, '0');

export function checkSettings({ file, problems }: { file: string | undefined; problems: readonly string[] }): Finding {
  if (problems.length > 0) return fail('settings', problems.join('; '), 'correct them: `casino config check`');
  return ok('settings', file ?? 'defaults, no settings file');
}

/** The data directory's mode; undefined if there is none. */
export function checkDataDirectory(path: string, mode: number | undefined): Finding {
  const check = 'data directory';
  if (mode === undefined)
    return fail(check, `${path} does not exist`, '`casino init` makes it, `casino start` does for a local chain');
  // Others may look at it, but nobody else may put another ledger into it.
  if ((mode & 0o022) !== 0) return fail(check, `others may write to ${path} (${octal(mode)})`, `chmod go-w ${path}`);
  return ok(check, path);
}

/** Files of the keys directory with their modes. */
export function checkKeyModes(files: readonly { path: string; mode: number }[]): Finding {
  const check = 'key files';
  const open = files.filter(({ mode }) => (mode & OTHERS) !== 0);
  if (open.length === 0) return ok(check, 'only their owner may read them');
  const named = open.map(({ path, mode }) => `${path} (${octal(mode)})`).join(', ');
  return fail(
    check,
    `others may read ${named}`,
    `chmod 600 ${open.map(({ path }) => path).join(' ')}; if others were on this machine, rotate the keys`,
  );
}

/** `error`: why the keys can not be read; undefined if they can. */
export function checkKeys(error: string | undefined): Finding {
  if (error === undefined) return ok('keys', 'authority, settler and receipt key can be read');
  return fail('keys', error, 'restore them from their copy; for a new house `casino init` makes them');
}

/** What reading the whole ledger came to. `isRunning`: a process has it open. */
export function checkLedger(ledger: { exists: boolean; isRunning: boolean; error?: string }): Finding {
  const check = 'ledger';
  if (!ledger.exists) return ok(check, 'none yet: the first start makes it');
  if (ledger.error !== undefined)
    return fail(check, ledger.error, 'stop, and read docs/operating/recovery.md before anything is changed');
  return ok(check, `whole${ledger.isRunning ? ', and in use by a running service' : ''}`);
}

/** A process that has the ledger and a port that shows it do not contradict each other. */
export function checkProcess({ isRunning, port }: { isRunning: boolean; port: 'free' | 'ours' | 'other' }): Finding {
  const check = 'process';
  if (isRunning && port === 'ours') return ok(check, 'the service runs');
  if (!isRunning && port !== 'ours') return ok(check, 'nothing runs on this data directory');
  if (isRunning) {
    const todo = 'wait if it is starting; otherwise look which process it is (`lsof` on ledger.db.lock) before you start another';
    return warn(check, 'a process has the ledger open, and none answers at the API port', todo);
  }
  return warn(
    check,
    "a service answers at the API port, and it is not this data directory's",
    'check --config and --data, or set api.port',
  );
}

/** `problems`: what is wrong with the archives that the ledger needs, in words. */
export function checkArchives({ count, problems }: { count: number; problems: readonly string[] }): Finding {
  const check = 'archives';
  if (problems.length > 0) return fail(check, problems.join('; '), 'put the files back from a copy: docs/operating/retention.md');
  return ok(check, count === 0 ? 'none yet' : `all ${count} files are there`);
}
