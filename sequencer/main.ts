import { parseArgs } from 'node:util';
import { type Address, isAddress } from '@solana/kit';
import { pino } from 'pino';
import { CIRCUIT_NAMES, type CircuitName } from '../circuits/artifacts.ts';
import { type Config, DEFAULTS } from './config.ts';
import { CasinoError, messageOf } from './errors.ts';
import { type Service, startService } from './service.ts';

/** Exit codes: 0 stopped by a signal, 1 failed, 75 (EX_TEMPFAIL) a restart may help. */
const EXIT_FAILED = 1;
const EXIT_RESTART = 75;
/** Longest that a shutdown may take before the process ends all the same: everything acknowledged is on disk already. */
const SHUTDOWN_LIMIT_MS = 15_000;
/** A hundred years. */
const MAX_ARCHIVE_AFTER_MS = 3_155_760_000_000;

const log = pino({ name: 'sequencer' });
let service: Service | undefined;
let ending = false;

function configFromFlags(): Config {
  const { values } = parseArgs({
    options: {
      data: { type: 'string' },
      rpc: { type: 'string' },
      program: { type: 'string', default: DEFAULTS.program },
      host: { type: 'string', default: DEFAULTS.host },
      port: { type: 'string', default: String(DEFAULTS.port) },
      'slot-ms': { type: 'string', default: String(DEFAULTS.slotMs) },
      'poll-ms': { type: 'string', default: String(DEFAULTS.pollMs) },
      'batch-wait-ms': { type: 'string', default: String(DEFAULTS.batchWaitMs) },
      'batch-threshold': { type: 'string', default: String(DEFAULTS.batchThreshold) },
      'reconcile-every-ms': { type: 'string', default: String(DEFAULTS.reconcileEveryMs) },
      'archive-after-ms': { type: 'string', default: String(DEFAULTS.archiveAfterMs) },
      proofs: { type: 'string', default: 'on' },
      'prover-threads': { type: 'string', default: String(DEFAULTS.proverThreads) },
      'parallel-proofs': { type: 'string', default: String(DEFAULTS.parallelProofs) },
      'blob-store': { type: 'string', multiple: true, default: [...DEFAULTS.blobStores] },
      circuits: { type: 'string', default: DEFAULTS.circuits.join(',') },
      'proving-keys': { type: 'string' },
    },
  });
  const text = (name: 'data' | 'rpc') => {
    const value = values[name];
    if (value === undefined) throw new CasinoError('CONFIG_INVALID', `--${name} is missing`);
    return value;
  };
  if (!isAddress(values.program)) throw new CasinoError('CONFIG_INVALID', '--program is not an address');
  if (values.proofs !== 'on' && values.proofs !== 'off') throw new CasinoError('CONFIG_INVALID', '--proofs is on or off');
  return {
    ...DEFAULTS,
    dataDirectory: text('data'),
    rpcUrl: text('rpc'),
    program: values.program as Address,
    host: values.host,
    port: count('port', values.port, { min: 0, max: 65_535 }),
    slotMs: count('slot-ms', values['slot-ms'], { min: 1, max: 60_000 }),
    pollMs: count('poll-ms', values['poll-ms'], { min: 1, max: 60_000 }),
    batchWaitMs: count('batch-wait-ms', values['batch-wait-ms'], { min: 0, max: 600_000 }),
    batchThreshold: count('batch-threshold', values['batch-threshold'], { min: 1, max: 1_000_000 }),
    reconcileEveryMs: count('reconcile-every-ms', values['reconcile-every-ms'], { min: 100, max: 86_400_000 }),
    archiveAfterMs: count('archive-after-ms', values['archive-after-ms'], { min: 0, max: MAX_ARCHIVE_AFTER_MS }),
    proofs: values.proofs === 'on',
    proverThreads: count('prover-threads', values['prover-threads'], { min: 1, max: 256 }),
    parallelProofs: count('parallel-proofs', values['parallel-proofs'], { min: 1, max: 64 }),
    blobStores: values['blob-store'],
    circuits: circuitNames(values.circuits),
    ...(values['proving-keys'] !== undefined && { provingKeysDirectory: values['proving-keys'] }),
  };
}

function count(name: string, text: string, range: { min: number; max: number }): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < range.min || value > range.max) {
    throw new CasinoError('CONFIG_INVALID', `--${name} must be a whole number from ${range.min} to ${range.max}, not ${text}`);
  }
  return value;
}

function circuitNames(text: string): CircuitName[] {
  const names = text.split(',');
  const isKnown = (name: string): name is CircuitName => (CIRCUIT_NAMES as string[]).includes(name);
  if (!names.every(isKnown) || new Set(names).size !== names.length) {
    throw new CasinoError('CONFIG_INVALID', `--circuits must be some of ${CIRCUIT_NAMES.join(',')}, each once, not ${text}`);
  }
  return names;
}

function fail(error: unknown): void {
  if (ending) return;
  ending = true;
  const known = error instanceof CasinoError ? error : undefined;
  log.fatal({ code: known?.code, err: error }, messageOf(error));
  log.flush();
  process.exit(known && !known.retry ? EXIT_FAILED : EXIT_RESTART);
}

async function stop(reason: string): Promise<void> {
  if (ending) return;
  ending = true;
  log.info({ reason }, 'stopping');
  setTimeout(() => process.exit(EXIT_FAILED), SHUTDOWN_LIMIT_MS).unref();
  await service?.stop();
  log.info('stopped');
  process.exit(0);
}

process.on('uncaughtException', fail);
process.on('unhandledRejection', fail);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => void stop(signal).catch(fail));
process.on('disconnect', () => void stop('the parent process ended').catch(fail));

try {
  service = await startService({
    config: configFromFlags(),
    log,
    onProgress: (message) => log.info({ progress: true }, message),
    onFatal: fail,
  });
  log.info({ url: service.url }, 'ready');
} catch (error) {
  fail(error);
}
