import { dirname, relative } from 'node:path';
import { type Config, DEFAULTS } from '../config.ts';
import { SETTING_NAMES, SETTINGS, type SettingName, settingOf } from './schema.ts';

/** Longest line of a comment. */
const WIDTH = 100;

/** A settings file that explains itself: what is chosen, and every other setting as a comment with its default. `path`: where it will be. */
export function settingsTemplate(path: string, chosen: Partial<Config>): string {
  const lines = [
    '# Settings of a ZK Casino house. Flags and CASINO_* in the environment go before this file;',
    '# `casino config check` says whether it is right, docs/reference/config.md explains each setting.',
    '# Amounts are in lamports: 1 SOL is 1000000000.',
  ];
  let table = '';
  for (const name of SETTING_NAMES) {
    const { key, kind, about, unit } = settingOf(name);
    const [group, short] = key.split('.') as [string, string];
    if (group !== table) lines.push('', `[${group}]`);
    table = group;
    lines.push(...comment(`${about}${unit ? ` In ${unit}.` : ''}`));
    const value = chosen[name] ?? (DEFAULTS as Partial<Config>)[name];
    const written = value === undefined ? '""' : kind.toToml(isPath(name) ? relativePath(path, value as string) : value);
    lines.push(`${chosen[name] === undefined ? '# ' : ''}${short} = ${written}`);
  }
  return `${lines.join('\n')}\n`;
}

const isPath = (name: SettingName): boolean => SETTINGS[name].kind === SETTINGS.dataDirectory.kind;
const relativePath = (path: string, to: string): string => relative(dirname(path), to) || '.';

function comment(text: string): string[] {
  const lines: string[] = [];
  let line = '#';
  for (const word of text.split(' ')) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = '#';
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
