import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { recordedSetting } from '../sequencer/operations/history.ts';
import { SETTING_NAMES, type SettingName, settingOf, variableOf } from '../sequencer/settings/schema.ts';
import { inSol } from './amounts.ts';
import { EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { type LoadedSettings, loadSettings, type SettingsFlags } from './settings.ts';

export interface ConfigFlags extends SettingsFlags {
  json?: boolean;
}

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** `casino config check`: whether the settings here are right. Resolves to the exit code, as all of these. */
export async function runConfigCheck(flags: ConfigFlags): Promise<number> {
  return withSettings(flags, (loaded) => {
    const { file, problems } = loaded;
    if (flags.json) say(JSON.stringify({ file: file ?? null, valid: problems.length === 0, problems }));
    else if (problems.length > 0) for (const problem of problems) say(`✗ ${problem}`);
    else say(`✓ the settings are right: ${sourcesOf(loaded)}`);
    return problems.length === 0 ? 0 : EXIT_FINDING;
  });
}

/** `casino config show`: every setting as it is in effect, and where it comes from; secrets hidden. */
export async function runConfigShow(flags: ConfigFlags): Promise<number> {
  return withSettings(flags, (loaded) => {
    const rows = SETTING_NAMES.map((name) => rowOf(loaded, name));
    if (flags.json) say(JSON.stringify({ file: loaded.file ?? null, settings: rows, problems: loaded.problems }));
    else showRows(loaded, rows);
    return loaded.problems.length === 0 ? 0 : EXIT_FINDING;
  });
}

interface Row {
  key: string;
  /** As a settings file would have it. */
  value: string | null;
  sol?: string;
  origin: string;
}

function rowOf({ values, origins }: LoadedSettings, name: SettingName): Row {
  const { key, kind, secret, unit } = settingOf(name);
  const value = values[name];
  const shown = value === undefined ? null : secret ? JSON.stringify(recordedSetting(name, value)) : kind.toToml(value);
  const sol = unit === 'lamports' && value !== undefined ? { sol: inSol(value as bigint) } : {};
  return { key, value: shown, ...sol, origin: originOf(name, origins.get(name)) };
}

function originOf(name: SettingName, origin: ReturnType<LoadedSettings['origins']['get']>): string {
  if (origin === undefined) return 'not set';
  return { flag: `--${settingOf(name).flag}`, environment: variableOf(name), file: 'file', default: 'default' }[origin];
}

function showRows(loaded: LoadedSettings, rows: readonly Row[]): void {
  say(`# ${sourcesOf(loaded)}`);
  const cells = rows.map(({ key, value, sol, origin }) => ({
    setting: value === null ? `# ${key}` : `${key} = ${value}`,
    origin: sol === undefined ? origin : `${origin}, ${sol} SOL`,
  }));
  const width = Math.min(60, Math.max(...cells.map(({ setting }) => setting.length)));
  for (const { setting, origin } of cells) say(`${setting.padEnd(width)}  # ${origin}`);
  for (const problem of loaded.problems) say(`✗ ${problem}`);
}

const sourcesOf = ({ file }: LoadedSettings): string => (file ? `settings of ${file}` : 'no settings file');

function withSettings(flags: ConfigFlags, answer: (loaded: LoadedSettings) => number): number {
  try {
    const data = flags.data === undefined ? {} : { data: flags.data };
    return answer(loadSettings({ config: flags.config, flags: data, environment: process.env }));
  } catch (error) {
    if (!(error instanceof CasinoError)) throw error;
    // A file that was named and can not be read, or is no TOML, is wrong in itself.
    if (flags.json) say(JSON.stringify({ file: flags.config ?? null, valid: false, problems: [messageOf(error)] }));
    else process.stderr.write(`✗ ${messageOf(error)}\n`);
    return EXIT_USAGE;
  }
}
