import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../../', import.meta.url));

const INTRODUCTION = `# The SDK

All that \`client/index.ts\` exports, for browsers and Node, and \`FileStore\` of \`client/node.ts\`. Made from the code's own comments by
\`npm run docs\`; how to use it is in [start/front-end.md](../start/front-end.md).
`;

/** docs/reference/sdk.md, from the docstrings of what client/index.ts and client/node.ts export. */
export function sdkReference(): string {
  const program = ts.createProgram([`${root}client/node.ts`], {
    target: ts.ScriptTarget.ES2024,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(`${root}client/node.ts`) as ts.SourceFile) as ts.Symbol;
  const exported = checker.getExportsOfModule(module).map((symbol) => ({
    name: symbol.name,
    symbol: symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol,
  }));
  exported.sort((a, b) => (a.name < b.name ? -1 : 1));
  const sections = [
    section('Classes', exported, ts.SymbolFlags.Class, checker),
    section('Functions and values', exported, ts.SymbolFlags.Function | ts.SymbolFlags.Variable, checker),
    section('Types', exported, ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias, checker),
  ];
  return `${[INTRODUCTION, ...sections].join('\n').trimEnd()}\n`;
}

interface Exported {
  name: string;
  symbol: ts.Symbol;
}

function section(title: string, exported: readonly Exported[], flags: ts.SymbolFlags, checker: ts.TypeChecker): string {
  const entries = exported.filter(({ symbol }) => symbol.flags & flags).map((one) => entry(one, checker));
  return `## ${title}\n\n${entries.join('\n')}`;
}

function entry({ name, symbol }: Exported, checker: ts.TypeChecker): string {
  const declaration = symbol.declarations?.[0];
  const from = declaration?.getSourceFile().fileName.replace(root, '');
  const lines = [`### ${name}\n`, commentOf(symbol, checker), from ? `From [${from}](../../${from}).\n` : ''];
  if (declaration && ts.isClassDeclaration(declaration)) lines.push(...membersOf(declaration, checker));
  else if (declaration) lines.push(code(shapeOf(declaration)));
  return lines.filter((line) => line !== '').join('\n');
}

/** Each public member with its comment. */
function membersOf(declaration: ts.ClassDeclaration, checker: ts.TypeChecker): string[] {
  return declaration.members.flatMap((member) => {
    const modifiers = ts.getCombinedModifierFlags(member);
    const name = member.name?.getText() ?? 'constructor';
    const isOpen = ts.isMethodDeclaration(member) || ts.isPropertyDeclaration(member) || ts.isGetAccessor(member);
    if (!isOpen || name.startsWith('#') || modifiers & ts.ModifierFlags.Private) return [];
    const symbol = member.name && checker.getSymbolAtLocation(member.name);
    return [code(shapeOf(member)), symbol ? commentOf(symbol, checker) : ''];
  });
}

/** A declaration as it is written, without its comments and body. */
function shapeOf(node: ts.Node): string {
  const source = node.getSourceFile().text;
  const body = (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node)) && node.body;
  const text = source.slice(node.getStart(), body ? body.getStart() : node.getEnd());
  const lines = text.trim().split('\n');
  const indents = lines
    .slice(1)
    .filter(Boolean)
    .map((line) => line.length - line.trimStart().length);
  const least = Math.min(...indents, 2);
  return [
    lines[0],
    ...lines.slice(1).map((line) => line.slice(least === 2 && node.parent.kind === ts.SyntaxKind.SourceFile ? 0 : least)),
  ].join('\n');
}

function commentOf(symbol: ts.Symbol, checker: ts.TypeChecker): string {
  const text = ts.displayPartsToString(symbol.getDocumentationComment(checker)).trim();
  return text === '' ? '' : `${text}\n`;
}

const code = (text: string) => `\`\`\`ts\n${text}\n\`\`\`\n`;
