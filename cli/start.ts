import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { SETTINGS } from '../sequencer/settings/schema.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { explorerBeside } from './explorer.ts';
import { blobStoreFlags, explorerPortOf, type StartFlags } from './flags.ts';
import { keyNotice, provingKeyFlags } from './key-notice.ts';
import { LOCAL_CHAIN_TIMING, resetData, StartFailure, startSequencer, startServices } from './services.ts';
import { type LoadedSettings, loadSettings, soundSettings } from './settings.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

/**
 * `casino start`: the sequencer on the chain that the settings name, or with a local chain beside it if they name none, until Ctrl-C.
 * Resolves to the exit code.
 */
export async function runStart(flags: StartFlags): Promise<number> {
  try {
    const settings = soundSettings(loadSettings({ config: flags.config, flags: settingFlags(flags), environment: process.env }));
    const { rpcUrl } = settings.values;
    return await (rpcUrl === undefined ? startLocally(flags, settings) : startOn(rpcUrl, flags, settings));
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    if (error instanceof CasinoError) return error.retry ? EXIT_AGAIN : EXIT_USAGE;
    return error instanceof StartFailure && error.exitCode === EXIT_AGAIN ? EXIT_AGAIN : EXIT_FINDING;
  }
}

/** As the sequencer has them. */
function settingFlags(flags: StartFlags) {
  const { data, rpc, apiPort, provingKeys, blobStore } = flags;
  return {
    ...(data !== undefined && { data }),
    ...(rpc !== undefined && { rpc }),
    ...(apiPort !== undefined && { [SETTINGS.port.flag]: String(apiPort) }),
    ...(provingKeys !== undefined && { 'proving-keys': provingKeys }),
    ...(blobStore && blobStore.length > 0 && { 'blob-store': blobStore }),
  };
}

async function startLocally(flags: StartFlags, { dataDirectory, values, file }: LoadedSettings): Promise<number> {
  if (flags.reset) resetData(dataDirectory);
  const apiPort = values.port as number;
  const explorer = explorerBeside({
    port: explorerPortOf(flags),
    apiUrl: `http://127.0.0.1:${apiPort}`,
    rpcUrl: `http://127.0.0.1:${flags.rpcPort}`,
    onProgress: (message) => say(`… ${message}`),
    onProblem: (message) => say(`! ${message}`),
  });
  try {
    const services = await startServices({
      dataDirectory,
      apiPort,
      rpcPort: flags.rpcPort,
      ...LOCAL_CHAIN_TIMING,
      sequencerFlags: [...fileFlags(file), ...blobStoreFlags(flags), ...provingKeyFlags(flags.provingKeys)],
      onProgress: (message) => say(`… ${message}`),
      onRestart: say,
    });
    say(`API       ${services.apiUrl}`);
    say(`chain     ${services.rpcUrl} (a local chain, for development)`);
    const explorerUrl = await explorer.url();
    if (explorerUrl) say(`explorer  ${explorerUrl} (bets as they happen, in a browser)`);
    say(`logs      ${dataDirectory}/sequencer.log and ${dataDirectory}/chain.log`);
    await untilStopped(services);
    return 0;
  } finally {
    await explorer.close();
  }
}

async function startOn(rpcUrl: string, flags: StartFlags, settings: LoadedSettings): Promise<number> {
  const { dataDirectory, file } = settings;
  if (flags.reset) {
    process.stderr.write('--reset is for the local chain alone: it would remove the keys of a house that stays on the chain\n');
    return EXIT_USAGE;
  }
  const givenUp = Promise.withResolvers<'given up'>();
  const sequencer = await startSequencer({
    dataDirectory,
    sequencerFlags: [
      ...fileFlags(file),
      ...['--data', dataDirectory, ...(flags.rpc === undefined ? [] : ['--rpc', flags.rpc])],
      ...(flags.apiPort === undefined ? [] : ['--port', String(flags.apiPort)]),
      ...blobStoreFlags(flags),
      ...provingKeyFlags(flags.provingKeys),
    ],
    onProgress: (message) => say(`… ${message}`),
    onRestart: say,
    onGivenUp: () => givenUp.resolve('given up'),
  });
  say(`API       ${sequencer.apiUrl}`);
  // The address alone: a provider's key may be behind it.
  say(`chain     ${new URL(rpcUrl).host}`);
  say(`logs      ${dataDirectory}/sequencer.log`);
  const ended = await untilStopped(sequencer, givenUp.promise);
  return ended === 'given up' ? EXIT_AGAIN : 0;
}

const fileFlags = (file: string | undefined): string[] => (file === undefined ? [] : ['--config', file]);

async function untilStopped(
  running: { apiUrl: string; stop(): Promise<void> },
  givenUp: Promise<'given up'> = new Promise(() => {}),
): Promise<'stopped' | 'given up'> {
  const notice = await keyNotice(running.apiUrl);
  if (notice) say(notice);
  say('Ctrl-C stops it.');
  const signalled = new Promise<'stopped'>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve('stopped'));
  });
  const ended = await Promise.race([signalled, givenUp]);
  say('stopping');
  await running.stop();
  return ended;
}
