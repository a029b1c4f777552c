import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { CasinoError, messageOf } from '../errors.ts';
import { nearest } from './nearest.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, settingOf } from './schema.ts';

/** A settings file is a page of text: more is another file. */
const MAX_FILE_BYTES = 1_000_000;

/** A settings file as it was read: what each setting that it names holds, not yet checked, and what is wrong with its keys. */
export interface SettingsFile {
  path: string;
  found: ReadonlyMap<SettingName, unknown>;
  problems: readonly string[];
}

/** Reads a settings file. `CONFIG_INVALID` if it can not be read or is no TOML; unknown keys are among its problems. */
export function readSettingsFile(path: string): SettingsFile {
  return parseSettings(path, readText(path));
}

function readText(path: string): string {
  try {
    const bytes = readFileSync(path);
    if (bytes.length <= MAX_FILE_BYTES) return bytes.toString('utf8');
  } catch (error) {
    throw new CasinoError('CONFIG_INVALID', `the settings file can not be read: ${messageOf(error)}`);
  }
  throw new CasinoError('CONFIG_INVALID', `${path} has more than ${MAX_FILE_BYTES} bytes: it is no settings file`);
}

/** The settings of a file's text; paths in it are relative to its folder. */
export function parseSettings(path: string, text: string): SettingsFile {
  const found = new Map<SettingName, unknown>();
  const problems: string[] = [];
  for (const [table, content] of Object.entries(tomlOf(path, text))) {
    if (!TABLES.includes(table)) problems.push(`${path}: [${table}] is not known${suggestion(table, TABLES)}`);
    else if (!isTable(content)) problems.push(`${path}: ${table} must be a table, [${table}]`);
    else for (const [name, value] of Object.entries(content)) take({ table, name, value });
  }
  return { path, found, problems };

  function take({ table, name, value }: { table: string; name: string; value: unknown }): void {
    const known = NAMES_BY_KEY.get(`${table}.${name}`);
    if (known === undefined) {
      problems.push(`${path}: [${table}] ${name} is not known${suggestion(`${table}.${name}`, [...NAMES_BY_KEY.keys()])}`);
    } else found.set(known, PATHS.has(known) && typeof value === 'string' ? resolve(dirname(path), value) : value);
  }
}

const NAMES_BY_KEY = new Map(SETTING_NAMES.map((name) => [settingOf(name).key, name]));
const TABLES = [...new Set([...NAMES_BY_KEY.keys()].map((key) => key.split('.')[0] as string))];
const PATHS = new Set<SettingName>(SETTING_NAMES.filter((name) => SETTINGS[name].kind === SETTINGS.dataDirectory.kind));

function tomlOf(path: string, text: string): Record<string, unknown> {
  try {
    return parse(text, { integersAsBigInt: 'asNeeded', unsafeKeyBehaviour: 'throw' });
  } catch (error) {
    // The library's message shows the lines around, which may hold an address with a key.
    const where = error instanceof TomlError ? ` at line ${error.line}, column ${error.column}` : '';
    const what = messageOf(error).split('\n', 1)[0];
    throw new CasinoError('CONFIG_INVALID', `${path} is not TOML${where}: ${what}`);
  }
}

const isTable = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.getPrototypeOf(value) !== Date.prototype;

function suggestion(name: string, known: readonly string[]): string {
  const close = nearest(name, known);
  return close === undefined ? ` (known: ${known.join(', ')})` : `; did you mean ${close}?`;
}
