import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fsyncSync, openSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ed25519 } from '@noble/curves/ed25519.js';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { syncDirectory, writeAll } from '../sequencer/operations/files.ts';
import { keypairText, readKeypairFile } from '../sequencer/operations/keys.ts';
import type { Answer } from './command-end.ts';
import { EXIT_FINDING } from './exit-codes.ts';
import { houseAndEscrow } from './house-accounts.ts';
import { openPlace } from './house-place.ts';

export interface KeysFlags {
  data: string;
  rpc?: string;
  house?: string;
  program?: string;
  json?: boolean;
}

/** A keypair file of the operator's. */
export interface KeyFile {
  /** What it is for: `authority`, `settler`, `receipt`, `settler.next`, or one with an address: a former key. */
  name: string;
  file: string;
  /** Undefined if the file is damaged. */
  address: string | undefined;
  /** Permission bits, octal. */
  mode: string;
  fault: string | undefined;
}

const OWNER_ONLY = 0o600;
/** Any right of group or others. */
const OTHERS = 0o077;

/** The keypair files of a keys directory, by name. No secret of theirs is kept or shown. */
export function operatorKeyFiles(directory: string): KeyFile[] {
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return names.sort().map((name) => keyFile(join(directory, name), name.slice(0, -'.json'.length)));
}

function keyFile(file: string, name: string): KeyFile {
  const bits = statSync(file).mode & 0o777;
  const mode = bits.toString(8).padStart(3, '0');
  const open = (bits & OTHERS) === 0 ? undefined : `others may read it: chmod 600 ${file}`;
  try {
    return { name, file, address: addressOf(readKeypairFile(file).slice(32)), mode, fault: open };
  } catch (error) {
    return { name, file, address: undefined, mode, fault: messageOf(error) };
  }
}

/** `casino keys list`: every key, its file's mode, and with `--rpc` whether the house has it. Exit code 1 if something is wrong. */
export async function listKeys(flags: KeysFlags): Promise<Answer> {
  const directory = dataPaths(flags.data).keys;
  if (!existsSync(directory)) throw new CasinoError('CONFIG_INVALID', `there are no keys in ${flags.data}`);
  const shown = flags.rpc === undefined ? undefined : await keysOnChain({ ...flags, rpc: flags.rpc });
  const files = operatorKeyFiles(directory).map((file) => ({ ...file, chain: chainWord(file, shown) }));
  const terms = readdirSync(directory).filter((name) => /^terms-[1-9][0-9]*\.hex$/.test(name));
  const exposed = terms.filter((name) => (statSync(join(directory, name)).mode & OTHERS) !== 0);
  const wrong = exposed.length > 0 || files.some(({ fault, chain }) => fault !== undefined || chain === 'DIFFERS');
  const lines = [
    ...files.map(({ name, address, mode, chain, fault }) => {
      const notes = [mode, chain, fault].filter(Boolean).join(', ');
      return `${name.padEnd(16)}${address ?? 'damaged'}  ${notes}`;
    }),
    ...terms
      .sort()
      .map(
        (name) =>
          `${name.padEnd(16)}secret of terms${exposed.includes(name) ? `, others may read it: chmod 600 ${join(directory, name)}` : ''}`,
      ),
  ];
  const json = files.map(({ name, file, address, mode, chain, fault }) => {
    return { name, file, address: address ?? null, mode, on_chain: chain ?? null, fault: fault ?? null };
  });
  return { code: wrong ? EXIT_FINDING : 0, words: lines.join('\n') || 'no keys', json: { keys: json, terms, exposed } };
}

async function keysOnChain(flags: KeysFlags & { rpc: string }): Promise<Record<string, string>> {
  const { house } = await houseAndEscrow(await openPlace(flags));
  return { authority: house.authority, settler: house.settler, receipt: addressOf(house.receiptKey) };
}

function chainWord({ name, address }: KeyFile, shown: Record<string, string> | undefined): string | undefined {
  if (!shown || shown[name] === undefined) return undefined;
  return shown[name] === address ? "the house's" : 'DIFFERS';
}

/** `casino keys show FILE`: the address of a keypair file. */
export async function showKey(file: string): Promise<Answer> {
  const address = addressOf(readKeypairFile(file).slice(32));
  const { mode, fault } = keyFile(file, file);
  if (fault !== undefined) process.stderr.write(`${fault}\n`);
  return { code: fault === undefined ? 0 : EXIT_FINDING, words: address, json: { file, address, mode, fault: fault ?? null } };
}

/** `casino keys new FILE`: a fresh Solana keypair that only its owner may read. Never writes over a file. */
export async function newKey(file: string): Promise<Answer> {
  const seed = randomBytes(32);
  const bytes = Uint8Array.from([...seed, ...ed25519.getPublicKey(seed)]);
  let opened: number;
  try {
    // Fails if there is a file: two at once can not both write.
    opened = openSync(file, 'wx', OWNER_ONLY);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new CasinoError('CONFIG_INVALID', `${file} exists: a key is never written over`);
  }
  try {
    writeAll(opened, keypairText(bytes));
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
  syncDirectory(dirname(file));
  const address = addressOf(bytes.slice(32));
  return { code: 0, words: `${address}\nwritten to ${file}`, json: { file, address } };
}
