import { existsSync, mkdirSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { writeFileDurably } from '../sequencer/operations/files.ts';
import { loadOperatorKeys, type OperatorKeys, readOperatorKeys } from '../sequencer/operations/keys.ts';
import { FILE_VARIABLE, resolveSettings } from '../sequencer/settings/resolve.ts';
import { SETTINGS, type SettingName } from '../sequencer/settings/schema.ts';
import { settingsTemplate } from '../sequencer/settings/template.ts';
import type { Output } from './output.ts';
import { DATA_DIRECTORY, type LoadedSettings, loadSettings, SETTINGS_FILE, soundSettings } from './settings.ts';
import type { Cluster } from './solana-config.ts';

/** Settings of a house that is being made, and the file that they are or will be in. */
export type InitSettings = LoadedSettings & { file: string };

export interface FileFlags {
  data?: string;
  config?: string;
  program?: string;
  provingKeys?: string;
  /** Lamports. */
  bankroll?: bigint;
}

/** The settings file if there is one, with the flags, which must not contradict it; else what the flags say. */
export function settingsFor(flags: FileFlags, where: { cluster: Cluster | undefined; rpcUrl: string }): InitSettings {
  const file = resolve(flags.config ?? process.env[FILE_VARIABLE] ?? SETTINGS_FILE);
  const given = {
    ...(where.cluster !== 'localnet' && { [SETTINGS.rpcUrl.flag]: where.rpcUrl }),
    ...(flags.data !== undefined && { [SETTINGS.dataDirectory.flag]: flags.data }),
    ...(flags.program !== undefined && { [SETTINGS.program.flag]: flags.program }),
    ...(flags.provingKeys !== undefined && { [SETTINGS.provingKeysDirectory.flag]: flags.provingKeys }),
    ...(flags.bankroll !== undefined && { [SETTINGS.bankroll.flag]: String(flags.bankroll) }),
  };
  if (!existsSync(file)) {
    const flagsAndData = { [SETTINGS.dataDirectory.flag]: DATA_DIRECTORY, ...given };
    const { values, ...resolved } = resolveSettings({ flags: flagsAndData, environment: process.env });
    return { ...soundSettings({ ...resolved, values, file, dataDirectory: values.dataDirectory as string }), file };
  }
  const kept = soundSettings(loadSettings({ config: file, flags: {}, environment: process.env }));
  const wanted = soundSettings(loadSettings({ config: file, flags: given, environment: process.env }));
  const differing = [...wanted.origins].filter(([name, origin]) => origin === 'flag' && !same(name, kept, wanted));
  if (differing.length > 0) {
    const keys = differing.map(([name]) => SETTINGS[name].key).join(', ');
    throw new CasinoError(
      'CONFIG_INVALID',
      `${file} exists and says something else of ${keys}: change it there, or name another file with --config`,
    );
  }
  return { ...wanted, file };
}

const same = (name: SettingName, a: LoadedSettings, b: LoadedSettings): boolean =>
  String(a.values[name]) === String(b.values[name]);

/** Data directory, keys and settings file, each unless it exists. A ledger without its keys gets none: they would be another house's. */
export async function writeOwnFiles({ settings, output }: { settings: InitSettings; output: Output }): Promise<OperatorKeys> {
  const { dataDirectory, file, values } = settings;
  const paths = dataPaths(dataDirectory);
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  mkdirSync(dirname(file), { recursive: true });
  const keys = await (existsSync(paths.ledger) ? readOperatorKeys : loadOperatorKeys)(paths.keys);
  output.line(`✓ keys in ${paths.keys}: keep a copy elsewhere, nobody can replace them`);
  if (existsSync(file)) output.line(`✓ ${file} is kept as it is`);
  else {
    const chosen = Object.fromEntries(
      [...settings.origins].filter(([, origin]) => origin === 'flag').map(([name]) => [name, values[name]]),
    );
    // A provider's key may be in the node's address.
    writeFileDurably(file, new TextEncoder().encode(settingsTemplate(file, { dataDirectory, ...chosen })), 0o600);
    output.line(`✓ ${file} written: every setting, with what it is for`);
  }
  return keys;
}
