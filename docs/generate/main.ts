import { writeFileSync } from 'node:fs';
import { GENERATED } from './pages.ts';

/** `npm run docs`: writes the pages that are generated. A test compares them with what is committed. */
for (const [path, page] of Object.entries(GENERATED)) writeFileSync(new URL(`../${path}`, import.meta.url), page());
