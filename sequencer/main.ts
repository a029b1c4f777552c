import { type ParseArgsConfig, parseArgs } from 'node:util';
import { pino } from 'pino';
import type { Config } from './config.ts';
import { CasinoError, messageOf } from './errors.ts';
import { type Service, startService } from './service.ts';
import { readSettingsFile } from './settings/file.ts';
import { type Flags, resolveSettings, serviceConfig } from './settings/resolve.ts';
import { SETTING_NAMES, settingOf } from './settings/schema.ts';

/** Exit codes: 0 stopped by a signal, 1 failed, 75 (EX_TEMPFAIL) a restart may help. */
const EXIT_FAILED = 1;
const EXIT_RESTART = 75;
/** Longest that a shutdown may take before the process ends all the same: everything acknowledged is on disk already. */
const SHUTDOWN_LIMIT_MS = 15_000;

const log = pino({ name: 'sequencer' });
let service: Service | undefined;
let ending = false;

function optionsFromFlags(): { config: Config; makeHouse: boolean } {
  const settings = SETTING_NAMES.map((name) => {
    const { flag, kind } = settingOf(name);
    return [flag, { type: 'string', multiple: kind.repeatable === true }] as const;
  });
  const own = { config: { type: 'string' }, 'make-house': { type: 'boolean' } } as const;
  const { config: path, 'make-house': makeHouse, ...flags } = parsed({ ...own, ...Object.fromEntries(settings) });
  const file = path === undefined ? {} : { file: readSettingsFile(path) };
  const config = serviceConfig(resolveSettings({ flags, environment: process.env, ...file }));
  return { config, makeHouse: makeHouse === true };
}

function parsed(options: NonNullable<ParseArgsConfig['options']>): Flags & { config?: string; 'make-house'?: boolean } {
  try {
    return parseArgs({ options }).values as Flags;
  } catch (error) {
    throw new CasinoError('CONFIG_INVALID', messageOf(error));
  }
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
    ...optionsFromFlags(),
    log,
    onProgress: (message) => log.info({ progress: true }, message),
    onFatal: fail,
  });
  log.info({ url: service.url }, 'ready');
} catch (error) {
  fail(error);
}
