import { explorerBeside } from './explorer.ts';
import { blobStoreFlags, explorerPortOf, type ServiceFlags } from './flags.ts';
import { keyNotice, provingKeyFlags } from './key-notice.ts';
import { LOCAL_CHAIN_TIMING, resetData, startServices } from './services.ts';

/** `casino start`: the local chain and the sequencer, until Ctrl-C. */
export async function runStart(flags: ServiceFlags): Promise<void> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  if (flags.reset) resetData(flags.data);
  const explorer = explorerBeside({
    port: explorerPortOf(flags),
    apiUrl: `http://127.0.0.1:${flags.apiPort}`,
    rpcUrl: `http://127.0.0.1:${flags.rpcPort}`,
    onProgress: (message) => say(`… ${message}`),
    onProblem: (message) => say(`! ${message}`),
  });
  const services = await startServices({
    dataDirectory: flags.data,
    apiPort: flags.apiPort,
    rpcPort: flags.rpcPort,
    ...LOCAL_CHAIN_TIMING,
    sequencerFlags: [...blobStoreFlags(flags), ...provingKeyFlags(flags.provingKeys)],
    onProgress: (message) => say(`… ${message}`),
    onRestart: say,
  });
  say(`API    ${services.apiUrl}`);
  say(`chain  ${services.rpcUrl} (a local chain, for development)`);
  const explorerUrl = await explorer.url();
  if (explorerUrl) say(`look   ${explorerUrl} (the explorer, for a browser)`);
  say(`logs   ${flags.data}/sequencer.log and ${flags.data}/chain.log`);
  const notice = await keyNotice(services.apiUrl);
  if (notice) say(notice);
  say('Ctrl-C stops it.');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  say('stopping');
  await explorer.close();
  await services.stop();
}
