import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, createKeyPairSignerFromBytes, isAddress, type KeyPairSigner } from '@solana/kit';
import { houseAddress, NATIVE_MINT } from '../program/client/index.ts';
import { ChainReader } from '../sequencer/chain/reader.ts';
import { type ChainRpc, call } from '../sequencer/chain/rpc.ts';
import { LOCAL_PROGRAM_ADDRESS } from '../sequencer/config.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { readCreator, readKeypairFile } from '../sequencer/operations/keys.ts';
import { identityOf, rpcAt } from './reconcile.ts';

/** Flags of the commands that look at a house or operate it. */
export interface HouseFlags {
  rpc: string;
  data: string;
  house?: string;
  program?: string;
  keypair?: string;
  api?: string;
  yes?: boolean;
  json?: boolean;
}

/** One house on one chain, and where its operator keeps what is his. */
export interface HousePlace {
  rpc: ChainRpc;
  program: Address;
  house: Address;
  reader: ChainReader;
  /** Base58. */
  genesisHash: string;
  data: string;
  keys: string;
}

/**
 * The house that the flags name; without `--house` that of the ledger in the data directory, or, before there is one, that of its keys.
 * `CONFIG_INVALID` if there is none of these, `CHAIN_MISMATCH` if the ledger belongs to another chain.
 */
export async function openPlace(flags: HouseFlags): Promise<HousePlace> {
  const rpc = rpcAt(flags.rpc);
  const genesisHash = await call(rpc.getGenesisHash());
  const paths = dataPaths(flags.data);
  const found = await findPlace(flags, genesisHash);
  const reader = new ChainReader({ ...found, rpc, nowMs: Date.now });
  return { ...found, rpc, reader, genesisHash, data: flags.data, keys: paths.keys };
}

async function findPlace(flags: HouseFlags, genesisHash: string): Promise<{ program: Address; house: Address }> {
  const program = flags.program === undefined ? undefined : addressFlag('--program', flags.program);
  if (flags.house !== undefined) {
    return { program: program ?? LOCAL_PROGRAM_ADDRESS, house: addressFlag('--house', flags.house) };
  }
  const { ledger, keys } = dataPaths(flags.data);
  const known = existsSync(ledger) ? ledgerIdentity(ledger) : undefined;
  if (known) {
    if (known.genesisHash === genesisHash) return known;
    throw new CasinoError('CHAIN_MISMATCH', `the ledger belongs to the chain ${known.genesisHash}, and this is ${genesisHash}`);
  }
  const creator = existsSync(keys) ? (readCreator(keys) ?? keyAddress(join(keys, 'authority.json'))) : undefined;
  if (!creator) {
    throw new CasinoError(
      'CONFIG_INVALID',
      `there is neither a ledger nor an authority key in ${flags.data}: name --data or --house`,
    );
  }
  const place = { program: program ?? LOCAL_PROGRAM_ADDRESS, creator };
  return { program: place.program, house: await houseAddress(place) };
}

/** The house that a ledger belongs to; undefined before its service has found one. */
function ledgerIdentity(path: string) {
  const read = LedgerReader.open(path);
  try {
    return read.meta('identity') === undefined ? undefined : identityOf(read);
  } finally {
    read.close();
  }
}

function addressFlag(name: string, text: string): Address {
  if (!isAddress(text)) throw new CasinoError('CONFIG_INVALID', `${name} ${text} is not an address`);
  return text;
}

/** The address of a keypair file; undefined if there is none. */
export const keyAddress = (path: string): Address | undefined =>
  existsSync(path) ? addressOf(readKeypairFile(path).slice(32)) : undefined;

/** The key of a keypair file, in the Solana tools' format. `CONFIG_INVALID` if there is none: no command makes one by the way. */
export async function signerAt(path: string): Promise<KeyPairSigner> {
  return createKeyPairSignerFromBytes(readKeypairFile(path));
}

/** Who signs for the operator: `--keypair`, or the authority of the data directory. */
export const authorityOf = (flags: HouseFlags): Promise<KeyPairSigner> =>
  signerAt(flags.keypair ?? join(dataPaths(flags.data).keys, 'authority.json'));

/** These commands move lamports. */
export function requireSol({ mint }: { mint: Address }): void {
  if (mint === NATIVE_MINT) return;
  const message = `the house is of the token ${mint}: these commands and the service know houses of SOL alone`;
  throw new CasinoError('CONFIG_INVALID', message);
}
