import { type Config, DEFAULTS } from '../../sequencer/config.ts';
import { SETTING_NAMES, type SettingName, settingOf, variableOf } from '../../sequencer/settings/schema.ts';

const INTRODUCTION = `# Settings

<!-- Generated from sequencer/settings/schema.ts by \`npm run docs\`; a test holds it up to date. -->

The service and the commands that know it (\`casino start\`, \`init\`, \`doctor\`, \`config\`) take each setting from the first of these that has it:

1. a flag: of \`casino start\` for some, of \`sequencer/main.ts\` for all;
2. the environment, \`CASINO_\` and the name in capitals;
3. the settings file: \`--config FILE\`, else \`CASINO_CONFIG\`, else \`casino.toml\` in the current directory if there is one;
4. the default.

The file is [TOML](https://toml.io), a table a group. \`casino init\` writes one with every setting and its explanation; \`casino config check\` says
whether it is right, \`casino config show\` what is in effect and where it comes from. A key or a \`CASINO_\` variable that is not known is an error,
and so is a wrong value that another source overrides.

- **Amounts** are in lamports, never in SOL: \`1000000000\` is 1 SOL. From 2^63 on they need quotes, which are allowed for all.
- **Paths** in the file are relative to the file, others to the current directory.
- **Lists** have commas between in the environment and in flags; \`--blob-store\` may be repeated as well.
- **Secrets** have no setting: credentials of blob stores come from the environment ([blobs](../operating/blobs.md)), keys are files of the data
  directory. The address of a node may hold a provider's key, and so may that of a store: neither is shown by a command, kept in the ledger or
  written to a log as a setting, and \`casino init\` writes the file for its owner's eyes only.

`;

/** docs/reference/config.md, whole. */
export function configPage(): string {
  const tables = new Map<string, SettingName[]>();
  for (const name of SETTING_NAMES) {
    const table = settingOf(name).key.split('.')[0] as string;
    tables.set(table, [...(tables.get(table) ?? []), name]);
  }
  const sections = [...tables].map(([table, names]) => `## [${table}]\n\n${names.map(entryOf).join('\n')}`);
  return `${INTRODUCTION}${sections.join('\n')}`;
}

function entryOf(name: SettingName): string {
  const { key, flag, kind, unit, about, secret } = settingOf(name);
  const value = (DEFAULTS as Partial<Config>)[name];
  const byDefault = value === undefined ? 'none' : `\`${kind.toToml(value)}\``;
  const facts = [
    `- allowed: ${kind.allowed}${unit ? `, in ${unit}` : ''}`,
    `- default: ${byDefault}`,
    `- elsewhere: \`${variableOf(name)}\`, \`--${flag}\``,
    ...(secret ? ['- may hold a secret: never shown whole'] : []),
  ];
  return `### ${key.split('.')[1]}\n\n${about}\n\n${facts.join('\n')}\n`;
}
