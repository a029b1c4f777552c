import { writeFileSync } from 'node:fs';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';

/** `npm run reference`: writes the pages that are generated. */
const write = (name: string, text: string) => writeFileSync(new URL(`./${name}`, import.meta.url), text);
write('cli.md', cliPage());
write('config.md', configPage());
