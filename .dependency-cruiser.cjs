/** Arrows go one way: protocol <- circuits, client, sequencer; inside the sequencer a stage knows the next one's interface. */
const only = (name, from, to) => ({
  name,
  severity: 'error',
  from: { path: from, pathNot: '\\.test\\.ts$|/test/' },
  to: { pathNot: [...to, 'node_modules', '^node:'], dependencyTypesNot: ['core'] },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'gpl-at-build-and-test-time-only',
      comment: 'docs/decisions/0003-licences.md; ceremony/ is a tool that is run by hand: docs/decisions/0022-ceremony-tool.md',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$|/test/|^circuits/build\\.mjs$|^ceremony/' },
      to: { path: 'node_modules/(circomlib|circomlibjs|snarkjs|circom2|ffjavascript|r1csfile)/' },
    },
    {
      name: 'no-dev-dependency-at-run-time',
      severity: 'error',
      from: {
        path: '^(protocol|client|verifier|sequencer|localchain|native|circuits|program)/',
        pathNot: '\\.test\\.ts$|/test/|build\\.mjs$',
      },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'ceremony-only-by-hand',
      comment: 'docs/decisions/0022-ceremony-tool.md',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$|/test/|^ceremony/|^cli/(ceremony|entropy|keys-commands)\\.ts$' },
      to: { path: '^ceremony/' },
    },
    only('protocol-is-pure', '^protocol/', ['^protocol/']),
    only('circuits-know-the-protocol', '^circuits/', ['^circuits/', '^protocol/']),
    only('ceremony-knows-circuits-and-native', '^ceremony/', ['^ceremony/', '^circuits/', '^native/', '^protocol/']),
    only('native-stands-alone', '^native/', ['^native/']),
    only('program-client-knows-the-protocol', '^program/', ['^program/', '^protocol/']),
    only('localchain-stands-alone', '^localchain/', ['^localchain/']),
    only('client-knows-protocol-and-program', '^client/', ['^client/', '^protocol/', '^program/client/']),
    only('verifier-knows-the-protocol-alone', '^verifier/', ['^verifier/', '^protocol/']),
    {
      name: 'verifier-runs-in-a-browser',
      comment: 'docs/decisions/0020-verifier.md',
      severity: 'error',
      from: { path: '^(verifier|protocol)/', pathNot: '\\.test\\.ts$|/test/|^protocol/vectors/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'client-runs-in-a-browser',
      comment: 'docs/decisions/0028-browser-store.md',
      severity: 'error',
      from: { path: '^(client|program/client)/', pathNot: '\\.test\\.ts$|/test/|^client/(file-store|node)\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nothing-of-the-browser-sdk-knows-files',
      comment: 'docs/decisions/0028-browser-store.md',
      severity: 'error',
      from: { path: '^client/', pathNot: '\\.test\\.ts$|/test/|^client/node\\.ts$' },
      to: { path: '^client/(file-store|node)\\.ts$' },
    },
    only('explorer-knows-what-anyone-may', '^explorer/', [
      '^explorer/',
      '^client/',
      '^verifier/',
      '^protocol/',
      '^program/client/',
    ]),
    only('examples-know-the-sdk', '^examples/', ['^examples/', '^client/']),
    only('sequencer-never-knows-the-client', '^sequencer/', [
      '^sequencer/',
      '^protocol/',
      '^circuits/',
      '^native/',
      '^program/client/',
    ]),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(target|build|prebuilt|fixtures|dist)/' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
};
