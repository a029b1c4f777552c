import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createKeyPairSignerFromBytes, type KeyPairSigner } from '@solana/kit';
import { CasinoError, messageOf } from '../sequencer/errors.ts';

/** What the Solana command line was told to use: `solana config get`. */
export interface SolanaConfig {
  rpcUrl?: string;
  keypairPath?: string;
  commitment?: string;
}

export const CLUSTERS = ['localnet', 'devnet', 'testnet', 'mainnet-beta'] as const;
export type Cluster = (typeof CLUSTERS)[number];

/** Clusters as the Solana command line names them, `-u`, with its short forms. */
const MONIKERS: Readonly<Record<string, Cluster>> = {
  localnet: 'localnet',
  localhost: 'localnet',
  l: 'localnet',
  devnet: 'devnet',
  d: 'devnet',
  testnet: 'testnet',
  t: 'testnet',
  'mainnet-beta': 'mainnet-beta',
  mainnet: 'mainnet-beta',
  m: 'mainnet-beta',
};
const URLS: Readonly<Record<Cluster, string>> = {
  localnet: 'http://127.0.0.1:8899',
  devnet: 'https://api.devnet.solana.com',
  testnet: 'https://api.testnet.solana.com',
  'mainnet-beta': 'https://api.mainnet-beta.solana.com',
};

/** A cluster's name, if it has one, and the address of a node of it. `CONFIG_INVALID` if it is neither a name nor an address. */
export function clusterOf(text: string): { name?: Cluster; rpcUrl: string } {
  const name = MONIKERS[text];
  if (name) return { name, rpcUrl: URLS[name] };
  const known = CLUSTERS.find((cluster) => URLS[cluster] === text.replace(/\/$/, ''));
  if (known && known !== 'localnet') return { name: known, rpcUrl: text };
  if (/^https?:$/.test(URL.parse(text)?.protocol ?? '')) return { rpcUrl: text };
  throw new CasinoError('CONFIG_INVALID', `the cluster is ${CLUSTERS.join(', ')} or the http address of a node, not ${text}`);
}

/** The file that `solana config set` writes, of this user or at `SOLANA_CONFIG_FILE`; nothing if there is none. */
export function readSolanaConfig(environment: Readonly<Record<string, string | undefined>>): SolanaConfig {
  const path = environment.SOLANA_CONFIG_FILE ?? join(environment.HOME ?? homedir(), '.config', 'solana', 'cli', 'config.yml');
  if (!existsSync(path)) return {};
  const text = readFileSync(path, 'utf8');
  // Of YAML it uses lines of a name and a plain or quoted word.
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(["']?)(.*?)\\1[ \\t]*$`, 'm').exec(text)?.[2] || undefined;
  const [rpcUrl, keypairPath, commitment] = [field('json_rpc_url'), field('keypair_path'), field('commitment')];
  return { ...(rpcUrl && { rpcUrl }), ...(keypairPath && { keypairPath }), ...(commitment && { commitment }) };
}

/** Where the Solana tools keep a keypair if they are told nothing. */
export const defaultKeypairPath = (): string => join(homedir(), '.config', 'solana', 'id.json');

/** The signer of a keypair file, a JSON array of 64 bytes. `CONFIG_INVALID`, without any of its content, if it is none. */
export async function readKeypair(path: string): Promise<KeyPairSigner> {
  const refuse = (reason: string) => new CasinoError('CONFIG_INVALID', `the keypair file ${path} ${reason}`);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw refuse(`can not be read: ${messageOf(error)}`);
  }
  const bytes = bytesOf(text);
  if (!bytes) throw refuse('is not a JSON array of 64 bytes, as solana-keygen writes it');
  try {
    return await createKeyPairSignerFromBytes(bytes);
  } catch {
    throw refuse('has halves that do not belong together');
  }
}

function bytesOf(text: string): Uint8Array | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  const isByte = (value: unknown) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256;
  return Array.isArray(parsed) && parsed.length === 64 && parsed.every(isByte) ? Uint8Array.from(parsed) : undefined;
}
