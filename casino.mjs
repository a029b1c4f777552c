#!/usr/bin/env node
// Plain JavaScript without static imports of TypeScript, so that an older Node reaches what is below.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const REQUIRED_MAJOR = 26;
const major = Number(process.versions.node.split('.')[0]);
if (major >= REQUIRED_MAJOR) {
  const { runCommand } = await import('./cli/main.ts');
  await runCommand(process.argv.slice(2));
} else {
  // "npm ci" brings the Node that the project runs on.
  const own = fileURLToPath(new URL('node_modules/.bin/node', import.meta.url));
  if (existsSync(own)) runOn(own);
  else refuse();
}

/** Runs the same command on another Node, and ends as it ends. */
function runOn(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches both; only the command decides when it ends.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('error', (error) => {
    process.stderr.write(`${node}: ${error.message}\n`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal) {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    } else process.exit(code ?? 1);
  });
}

function refuse() {
  process.stderr.write(
    `ZK Casino needs Node ${REQUIRED_MAJOR} or newer, and this is Node ${process.versions.node}.\n` +
      '"npm ci" in its folder brings Node 26 along on Linux and macOS; casino then runs on that by itself.\n' +
      'Elsewhere install Node 26 or newer and try again.\n',
  );
  process.exit(1);
}
