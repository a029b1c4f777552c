import { resolve } from 'node:path';
import Value from 'typebox/value';
import { type Config, DEFAULTS } from '../config.ts';
import { CasinoError } from '../errors.ts';
import type { SettingsFile } from './file.ts';
import { nearest } from './nearest.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, settingOf, variableOf } from './schema.ts';

/** Where a value comes from; a flag goes before the environment, that before the file, and that before the default. */
export type Origin = 'flag' | 'environment' | 'file' | 'default';

/** Flags by their names without dashes; one that may be repeated as a list. */
export type Flags = Readonly<Record<string, string | readonly string[] | undefined>>;
export type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolvedSettings {
  /** What is known of each setting. Two have no default: the data directory and the node. */
  values: Partial<Config>;
  origins: ReadonlyMap<SettingName, Origin>;
  /** All that is wrong, each naming where, what was found and what is allowed. */
  problems: readonly string[];
}

/** Names the settings file in the environment. */
export const FILE_VARIABLE = 'CASINO_CONFIG';
/** What other parts of the system read from the environment. */
const OTHER_VARIABLES = [FILE_VARIABLE];
const MAX_SHOWN_CHARACTERS = 80;

/** The settings of all sources together. Throws nothing: what is wrong is in `problems`. */
export function resolveSettings(sources: { flags: Flags; environment: Environment; file?: SettingsFile }): ResolvedSettings {
  const { flags, environment, file } = sources;
  const values: Record<string, unknown> = {};
  const origins = new Map<SettingName, Origin>();
  const problems = [...(file?.problems ?? []), ...unknownVariables(environment)];
  for (const name of SETTING_NAMES) {
    const given = candidates(name, { flags, environment, file });
    // Each is checked, also one that another overrides: it may not be overridden tomorrow.
    for (const { origin, where, found } of given) {
      const value = checkedValue(name, found);
      if (value === undefined) problems.push(`${where} must be ${settingOf(name).kind.allowed}${notFound(name, found)}`);
      else if (!origins.has(name)) {
        values[name] = value;
        origins.set(name, origin);
      }
    }
    const byDefault = (DEFAULTS as Partial<Config>)[name];
    if (!origins.has(name) && byDefault !== undefined) {
      values[name] = byDefault;
      origins.set(name, 'default');
    }
  }
  return { values: values as Partial<Config>, origins, problems: [...problems, ...contradictions(values as Partial<Config>)] };
}

/** What each setting allows and all together do not. */
function contradictions({ exitDelaySlots, changeDelaySlots }: Partial<Config>): string[] {
  if (exitDelaySlots === undefined || changeDelaySlots === undefined || changeDelaySlots >= 2n * exitDelaySlots) return [];
  const [exit, change] = [SETTINGS.exitDelaySlots.key, SETTINGS.changeDelaySlots.key];
  return [
    `${change} must be at least twice ${exit} (${exitDelaySlots}), not ${changeDelaySlots}: bettors leave before a change holds`,
  ];
}

/** The settings of a service. `CONFIG_INVALID` with all that is wrong, a missing data directory or node included. */
export function serviceConfig({ values, problems }: ResolvedSettings): Config {
  const missing = (['dataDirectory', 'rpcUrl'] as const)
    .filter((name) => values[name] === undefined)
    .map((name) => `${SETTINGS[name].key} is missing: --${SETTINGS[name].flag}, ${variableOf(name)}, or a settings file`);
  const all = [...problems, ...missing];
  if (all.length > 0) throw new CasinoError('CONFIG_INVALID', all.join('\n'), { details: { problems: all } });
  return values as Config;
}

interface Candidate {
  origin: Origin;
  where: string;
  found: unknown;
}

/** What the sources say of a setting, the strongest first. */
function candidates(
  name: SettingName,
  { flags, environment, file }: { flags: Flags; environment: Environment; file: SettingsFile | undefined },
): Candidate[] {
  const { flag, key } = settingOf(name);
  const given: Candidate[] = [];
  const ofFlag = flags[flag];
  if (ofFlag !== undefined) given.push({ origin: 'flag', where: `--${flag}`, found: fromTexts(name, ofFlag) });
  const variable = variableOf(name);
  const ofVariable = environment[variable];
  if (ofVariable !== undefined) given.push({ origin: 'environment', where: variable, found: fromTexts(name, ofVariable) });
  if (file?.found.has(name)) {
    const where = `${file.path}: [${key.replace('.', '] ')}`;
    given.push({ origin: 'file', where, found: file.found.get(name) });
  }
  return given;
}

function fromTexts(name: SettingName, given: string | readonly string[]): unknown {
  const { kind } = settingOf(name);
  if (typeof given !== 'string') return given.flatMap((text) => kind.fromText(text));
  const value = kind.fromText(given);
  return kind === SETTINGS.dataDirectory.kind && typeof value === 'string' && value !== '' ? resolve(value) : value;
}

function checkedValue(name: SettingName, found: unknown): unknown {
  const { schema, toValue } = settingOf(name).kind;
  return Value.Check(schema, found) ? toValue(found) : undefined;
}

function notFound(name: SettingName, found: unknown): string {
  if (settingOf(name).secret) return '';
  const shown = Array.isArray(found) ? found.join(',') : String(found);
  return `, not ${shown.length > MAX_SHOWN_CHARACTERS ? `${shown.slice(0, MAX_SHOWN_CHARACTERS)}…` : shown || 'nothing'}`;
}

/** A mistyped name would otherwise be no setting at all, and nobody would know. */
function unknownVariables(environment: Environment): string[] {
  const known = [...SETTING_NAMES.map(variableOf), ...OTHER_VARIABLES];
  return Object.keys(environment)
    .filter((name) => name.startsWith('CASINO_') && !known.includes(name))
    .map((name) => {
      const close = nearest(name, known);
      return `${name} in the environment is no setting${close === undefined ? '' : `; did you mean ${close}?`}`;
    });
}
