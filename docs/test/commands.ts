import { existsSync, globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** A fenced block of shell commands in a page. */
export interface CommandBlock {
  /** Path of the page below the repository's root. */
  page: string;
  /** Line of the first command, from 1. */
  line: number;
  script: string;
  /** Why it is not run, if it is not; then its commands are only parsed. */
  notRun: string | undefined;
  /** What it ends with. */
  exitCode: number;
}

/** A fenced block that has a command and does not say that it is shell. */
export interface UnmarkedBlock {
  page: string;
  line: number;
}

const FENCE = /^```(\w*)\n([\s\S]*?)^```$/gm;
/** In the line before a block: `<!-- not run: why -->` or `<!-- exits with: 1 -->`. */
const NOT_RUN = /<!-- not run: (.+?) -->\n\n?$/;
const EXITS_WITH = /<!-- exits with: (\d+) -->\n\n?$/;
const LOOKS_LIKE_COMMAND =
  /^\s*(\$ )?(npm|npx|node|casino|curl|git|solana|apt-get|sudo|ssh|docker|\S*node_modules\/\.bin\/\S+) /m;

/** All pages that people read: those of the documentation, and the README of each folder. */
export function pages(): string[] {
  const all = globSync(['*.md', '*/README.md', 'docs/**/*.md'], { cwd: ROOT, exclude: ['node_modules/**'] });
  return all.filter((page) => existsSync(`${ROOT}${page}`)).sort();
}

/** The blocks of shell commands of a page, in order, and those that look like one and are not marked so. */
export function commandsOf(page: string): { blocks: CommandBlock[]; unmarked: UnmarkedBlock[] } {
  const text = readFileSync(`${ROOT}${page}`, 'utf8');
  const blocks: CommandBlock[] = [];
  const unmarked: UnmarkedBlock[] = [];
  for (const match of text.matchAll(FENCE)) {
    const [, language = '', script = ''] = match;
    const before = text.slice(0, match.index);
    const line = before.split('\n').length + 1;
    if (language === '' && LOOKS_LIKE_COMMAND.test(script)) unmarked.push({ page, line });
    if (language !== 'sh') continue;
    const exitCode = Number(EXITS_WITH.exec(before)?.[1] ?? 0);
    blocks.push({ page, line, script, notRun: NOT_RUN.exec(before)?.[1], exitCode });
  }
  return { blocks, unmarked };
}

/** What a page calls by name in running text: `casino house show`, without what would make it whole. */
export function inlineCommands(page: string): string[][] {
  const text = readFileSync(`${ROOT}${page}`, 'utf8').replaceAll(FENCE, '');
  return [...text.matchAll(/`(?:npx )?casino ([^`]+)`/g)].map(([, command = '']) => words(command.replaceAll(/\s+/g, ' ')));
}

/** The `casino` and `npm run` command lines of a script, each as its words; variables stay as they are written. */
export function commandLines(script: string): string[][] {
  const joined = script.replaceAll(/\\\n\s*/g, ' ');
  const lines = joined.split('\n').flatMap((line) => withoutComment(line).split(/\s(?:&&|\|\||;|\|)\s/));
  return lines
    .map(words)
    .map(([first, ...rest]) => (first === 'npx' ? rest : [first ?? '', ...rest]))
    .filter(([first]) => first === 'casino' || first === 'npm');
}

/** A `#` after white space begins a comment. */
const withoutComment = (line: string): string => line.replace(/(^|\s)#.*$/, '');

function words(line: string): string[] {
  const found = line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g);
  return [...found].map(([, double, single, bare]) => double ?? single ?? bare ?? '');
}
