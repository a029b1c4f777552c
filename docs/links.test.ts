/* Catches a link to a page, a file or a heading that is not there. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { pages } from './test/commands.ts';

const ROOT = fileURLToPath(new URL('../', import.meta.url));
const LINK = /\]\((?!https?:|mailto:)([^)\s]+)\)/g;

for (const page of pages()) {
  test(`links of ${page}`, () => {
    const broken = [...readFileSync(join(ROOT, page), 'utf8').matchAll(LINK)].flatMap(([, target = '']) => {
      const [path = '', anchor] = target.split('#');
      const file = path === '' ? join(ROOT, page) : join(ROOT, dirname(page), path);
      if (!existsSync(file)) return [target];
      const isPage = anchor !== undefined && statSync(file).isFile() && file.endsWith('.md');
      return isPage && !anchorsOf(file).has(anchor) ? [target] : [];
    });
    assert.deepEqual(broken, []);
  });
}

test('every page of the documentation is reached from its index', () => {
  const reached = new Set<string>();
  const visit = (page: string): void => {
    if (reached.has(page) || !existsSync(join(ROOT, page)) || !page.endsWith('.md')) return;
    reached.add(page);
    for (const [, target = ''] of readFileSync(join(ROOT, page), 'utf8').matchAll(LINK)) {
      visit(relative(ROOT, join(ROOT, dirname(page), target.split('#')[0] ?? '')));
    }
  };
  visit('docs/README.md');
  const lost = pages().filter((page) => page.startsWith('docs/') && !reached.has(page));
  assert.deepEqual(lost, []);
});

/** Anchors as the usual renderers of Markdown make them of headings. */
function anchorsOf(file: string): Set<string> {
  const headings = readFileSync(file, 'utf8').matchAll(/^#+ (.+)$/gm);
  return new Set([...headings].map(([, text = '']) => slug(text)));
}

const slug = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[`*]|\[|\]\([^)]*\)/g, '')
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replaceAll(/\s/g, '-');
