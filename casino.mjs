#!/usr/bin/env node
// Plain JavaScript without static imports of TypeScript, so that an older Node reaches the message below.
const REQUIRED_MAJOR = 26;
const major = Number(process.versions.node.split('.')[0]);
if (major < REQUIRED_MAJOR) {
  process.stderr.write(
    `ZK Casino needs Node ${REQUIRED_MAJOR} or newer, and this is Node ${process.versions.node}.\n` +
      'Run it through npm (npm start, npm run demo): "npm ci" brings Node 26 along on Linux and macOS.\n' +
      'Elsewhere install Node 26 or newer and try again.\n',
  );
  process.exit(1);
}
const { runCommand } = await import('./cli/main.ts');
await runCommand(process.argv.slice(2));
