import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Address, Commitment, KeyPairSigner } from '@solana/kit';
import { getBase58Decoder } from '@solana/kit';
import { MAINNET_GENESIS_HASH, PUBLIC_CLUSTERS } from '../protocol/constants.ts';
import { useKernel } from '../protocol/kernel.ts';
import { type ChainRpc, call, connectRpc } from '../sequencer/chain/rpc.ts';
import { type Config, LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { type HeldLock, takeLock } from '../sequencer/ledger/lock.ts';
import { type HousePlan, type MakingOptions, makeHouse, planHouse } from '../sequencer/operations/house-making.ts';
import { genesisOf } from '../sequencer/operations/house-setup.ts';
import { type OperatorKeys, readOperatorKeys } from '../sequencer/operations/keys.ts';
import { NATIVE_KERNEL } from '../sequencer/prover/native-kernel.ts';
import { nativeProving } from '../sequencer/prover/proving.ts';
import { money } from './amounts.ts';
import { saidYes, withoutInterruption } from './confirm.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';
import { type FileFlags, type InitSettings, settingsFor, writeOwnFiles } from './init-files.ts';
import { KeptTransaction } from './kept-transaction.ts';
import { Output } from './output.ts';
import { deployedProgram } from './program-check.ts';
import { type Cluster, clusterOf, defaultKeypairPath, readKeypair, readSolanaConfig } from './solana-config.ts';

export interface InitFlags extends FileFlags {
  cluster?: string;
  keypair?: string;
  commitment?: Commitment;
  /** Lamports. */
  settler: bigint;
  yes?: boolean;
  json?: boolean;
}

/** Where a house is to be made. */
interface Place {
  cluster: Cluster | undefined;
  settings: InitSettings;
  output: Output;
  flags: InitFlags;
}

/** A house is made on an outside chain with all of these. */
interface Made extends Place {
  rpc: ChainRpc;
  /** Base58. */
  genesisHash: string;
  config: Config;
  keys: OperatorKeys;
  payer: KeyPairSigner;
}

/**
 * `casino init`: directory, keys and settings file of an operator, and, but on a local chain, the house on chain. What is there is kept, so
 * that a further run goes on where an earlier one ended. Resolves to the exit code.
 */
export async function runInit(flags: InitFlags): Promise<number> {
  const output = new Output(process.stderr);
  try {
    return await prepare(flags, output);
  } catch (error) {
    output.end();
    process.stderr.write(`${messageOf(error)}\n`);
    if (!(error instanceof CasinoError)) return EXIT_FINDING;
    if (error.code === 'LEDGER_LOCKED') return EXIT_AGAIN;
    if (error.retry) output.line('what has been made is kept: the same command goes on from there');
    return error.retry ? EXIT_AGAIN : error.code === 'CONFIG_INVALID' ? EXIT_USAGE : EXIT_FINDING;
  }
}

async function prepare(flags: InitFlags, output: Output): Promise<number> {
  const solana = readSolanaConfig(process.env);
  const wanted = flags.cluster ?? solana.rpcUrl;
  if (wanted === undefined) {
    throw new CasinoError(
      'CONFIG_INVALID',
      '--cluster is missing, and the Solana command line has no default (`solana config set --url`)',
    );
  }
  const { name: cluster, rpcUrl } = clusterOf(wanted);
  const settings = settingsFor(flags, { cluster, rpcUrl });
  const place = { cluster, settings, output, flags };
  if (cluster === 'localnet') {
    await writeOwnFiles(place);
    return finish(place, { next: ['casino start'] });
  }
  requireWholePlan(place);
  const payer = await readKeypair(flags.keypair ?? solana.keypairPath ?? defaultKeypairPath());
  const rpc = connectRpc(rpcUrl);
  // Before anything is written: a wrong cluster or program would be in the settings.
  const genesisHash = await askedChain(rpc, place);
  if (genesisHash !== undefined) await requireProgram(rpc, { program: settings.values.program as Address, genesisHash });
  // Of two at once each would make keys, and open a house with those that the other writes over.
  const lock = lockDirectory(settings.dataDirectory);
  try {
    const keys = await writeOwnFiles(place);
    if (genesisHash === undefined) return EXIT_AGAIN;
    return await makeOnChain({ ...place, rpc, genesisHash, config: settings.values as Config, keys, payer });
  } finally {
    lock.close();
  }
}

function lockDirectory(dataDirectory: string): HeldLock {
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  return takeLock(join(dataDirectory, 'init.lock'));
}

/** What a house on a chain of others needs to be told. */
function requireWholePlan({ cluster, settings: { values, origins }, flags }: Place): void {
  const missing: string[] = [];
  if (origins.get('bankroll') === 'default') missing.push('--bankroll SOL: what the house is funded with');
  if (cluster !== undefined && values.program === LOCAL_PROGRAM_ADDRESS) {
    missing.push('--program ADDRESS: where you have deployed the program (docs/operating/devnet.md says how)');
  }
  if (cluster === 'mainnet-beta' && values.provingKeysDirectory === undefined) missing.push(CEREMONY_MISSING);
  if (!flags.yes && !process.stdin.isTTY) missing.push('--yes: nobody is there to confirm the cost');
  if (missing.length > 0)
    throw new CasinoError('CONFIG_INVALID', `still missing:\n${missing.map((one) => `  ${one}`).join('\n')}`);
}

const CEREMONY_MISSING =
  '--proving-keys DIRECTORY: the keys of a ceremony (docs/operating/ceremony.md); development keys are refused on mainnet';

/** The chain's genesis hash; undefined if the chain does not answer, after saying so. `CHAIN_MISMATCH` if it is another cluster. */
async function askedChain(rpc: ChainRpc, { cluster, settings, output }: Place): Promise<string | undefined> {
  let genesisHash: string;
  try {
    genesisHash = getBase58Decoder().decode(await genesisOf(rpc));
  } catch (error) {
    output.line(`! ${messageOf(error)}`);
    output.line('! keys and settings are prepared; run this again when the chain answers, to make the house');
    return undefined;
  }
  const found = PUBLIC_CLUSTERS[genesisHash];
  if (cluster !== undefined && found !== cluster) {
    throw new CasinoError('CHAIN_MISMATCH', `the node is of ${found ?? 'another chain'}, not of ${cluster}`);
  }
  if (genesisHash === MAINNET_GENESIS_HASH && settings.values.provingKeysDirectory === undefined) {
    throw new CasinoError('CONFIG_INVALID', `still missing:\n  ${CEREMONY_MISSING}`);
  }
  return genesisHash;
}

async function requireProgram(rpc: ChainRpc, { program, genesisHash }: { program: Address; genesisHash: string }): Promise<void> {
  const deployed = await deployedProgram(rpc, program);
  const cluster = PUBLIC_CLUSTERS[genesisHash] ?? 'this chain';
  if (!deployed)
    throw new CasinoError(
      'CONFIG_INVALID',
      `there is no program at ${program} on ${cluster}: docs/operating/devnet.md says how to deploy it`,
    );
  if (!deployed.isOurs) {
    throw new CasinoError(
      'CONFIG_INVALID',
      `the program at ${program} (SHA-256 ${deployed.sha256}) is not program/prebuilt/zk_casino.so of this version`,
    );
  }
}

async function makeOnChain(made: Made): Promise<number> {
  const { config, keys, payer, rpc, output, flags, settings } = made;
  useKernel(NATIVE_KERNEL);
  const paths = dataPaths(settings.dataDirectory);
  const onProgress = (message: string) => output.line(`… ${message}`);
  const { circuits, proverThreads: threads, provingKeysDirectory: ceremonyKeys } = config;
  const { keys: provingKeys } = await nativeProving({ paths, ceremonyKeys, circuits, threads, onProgress });
  const timing = { nowMs: () => performance.now(), onProgress };
  const directory = join(settings.dataDirectory, 'operator');
  const kept = new KeptTransaction({ rpc, directory, name: 'init', chain: made.genesisHash });
  const before = await kept.finish();
  if (before) output.line(`✓ an earlier run had sent it: ${before.note}`);
  const options: MakingOptions = {
    ...config,
    rpc,
    keys,
    keysDirectory: paths.keys,
    provingKeys,
    payer,
    settlerLamports: flags.settler,
    pay: kept.send.bind(kept),
    ...timing,
  };
  const plan = await planHouse(options);
  if (plan.steps.length === 0) {
    output.line('✓ the house is complete: nothing to do');
    return finish(made, { plan, next: NEXT });
  }
  const balance = await lamportsOf(made);
  showPlan(plan, made, balance);
  if (balance < plan.totalLamports) {
    output.line(`✗ ${payer.address} lacks ${money(plan.totalLamports - balance)}`);
    output.line(
      isTestCluster(made.cluster)
        ? `  solana airdrop 5 ${payer.address} --url ${made.cluster}, or faucet.solana.com`
        : '  pay it in, then run this again',
    );
    return EXIT_FINDING;
  }
  if (!flags.yes && !(await saidYes('Make it?'))) {
    output.line('nothing has been sent');
    return EXIT_FINDING;
  }
  const isDone = await withoutInterruption(output, (shouldStop) => makeHouse(options, shouldStop));
  if (!isDone) {
    output.line('stopped between two steps; the same command goes on from there');
    return EXIT_AGAIN;
  }
  output.line(`✓ the house ${plan.house} is open`);
  return finish(made, { plan, next: NEXT });
}

const NEXT = ['casino doctor', 'casino start'];
const isTestCluster = (cluster: Cluster | undefined): boolean => cluster === 'devnet' || cluster === 'testnet';

async function lamportsOf({ rpc, payer, flags }: Made): Promise<bigint> {
  const commitment = (flags.commitment ?? readSolanaConfig(process.env).commitment ?? 'confirmed') as Commitment;
  return (await call(rpc.getBalance(payer.address, { commitment }))).value;
}

function showPlan(plan: HousePlan, { output, payer, config, genesisHash }: Made, balance: bigint): void {
  output.line(`\nHouse ${plan.house} of the program ${config.program}`);
  output.line(`on ${PUBLIC_CLUSTERS[genesisHash] ?? `a chain that is none of the public ones (${genesisHash})`}`);
  for (const { what, lamports } of plan.steps) output.line(`  ${what.padEnd(54)} ${money(lamports)}`);
  output.line(`  ${'in all, from the keypair'.padEnd(54)} ${money(plan.totalLamports)}`);
  output.line(`Paid by ${payer.address}, which has ${money(balance)}.`);
  if (!config.provingKeysDirectory)
    output.line('!!! DEVELOPMENT KEYS: their secret is public, so this house is for trying out, not for money !!!');
}

async function finish({ settings, output, flags }: Place, { plan, next }: { plan?: HousePlan; next: string[] }): Promise<number> {
  const { file, dataDirectory, values } = settings;
  if (flags.json) {
    const keys = await readOperatorKeys(dataPaths(dataDirectory).keys);
    const onChain = plan ? { house: plan.house, program: values.program, paid_lamports: plan.totalLamports.toString() } : {};
    const own = {
      authority: keys.authority.address,
      settler: keys.settler.address,
      receipt_key: getBase58Decoder().decode(keys.receiptKey),
    };
    process.stdout.write(`${JSON.stringify({ settings: file, data: dataDirectory, ...onChain, ...own })}\n`);
  }
  output.line(`Next: ${next.join(', then ')}`);
  return 0;
}
