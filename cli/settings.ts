import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CasinoError } from '../sequencer/errors.ts';
import { readSettingsFile } from '../sequencer/settings/file.ts';
import {
  type Environment,
  FILE_VARIABLE,
  type Flags,
  type ResolvedSettings,
  resolveSettings,
} from '../sequencer/settings/resolve.ts';

/** The name of a settings file that needs not be named. */
export const SETTINGS_FILE = 'casino.toml';
/** Where everything that lasts is kept if nothing says otherwise. */
export const DATA_DIRECTORY = './data';

/** Flags of commands that run on settings. */
export interface SettingsFlags {
  config?: string;
  data?: string;
}

export interface LoadedSettings extends ResolvedSettings {
  /** The file that was read, absolute; undefined if there is none. */
  file: string | undefined;
  dataDirectory: string;
}

/**
 * The settings as a service that is started here would have them. The file is the flag's, the environment's, or `casino.toml` of the
 * current directory. `CONFIG_INVALID` if one that was named can not be read; what is wrong inside it is in `problems`.
 */
export function loadSettings(options: { config?: string | undefined; flags: Flags; environment: Environment }): LoadedSettings {
  const { environment, flags } = options;
  const named = options.config ?? environment[FILE_VARIABLE];
  const path = named ?? (existsSync(SETTINGS_FILE) ? SETTINGS_FILE : undefined);
  const file = path === undefined ? {} : { file: readSettingsFile(resolve(path)) };
  const resolved = resolveSettings({ flags, environment, ...file });
  const dataDirectory = resolved.values.dataDirectory ?? resolve(DATA_DIRECTORY);
  return { ...resolved, file: path === undefined ? undefined : resolve(path), dataDirectory };
}

/** Settings without a fault; `CONFIG_INVALID` with all of them. */
export function soundSettings(loaded: LoadedSettings): LoadedSettings {
  if (loaded.problems.length === 0) return loaded;
  throw new CasinoError('CONFIG_INVALID', loaded.problems.join('\n'), { details: { problems: loaded.problems } });
}
