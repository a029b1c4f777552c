import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, decodeBase58, encodeBase58 } from './base58.ts';
import { writeFileDurably } from './durable-files.ts';
import { LocalChainError } from './errors.ts';
import { MAX_PROGRAM_BYTES } from './limits.ts';

const FORMAT = 1;
const ELF_MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

/** A program that exists from the first slot on. */
export type GenesisProgram = { address: Address; sha256: string; elf: Uint8Array };

/**
 * What makes a data directory one chain. `seed` is secret: block hashes, the faucet's key and the journal's
 * checksums derive from it, so that two directories never share one.
 */
export type Genesis = { genesisHash: string; seed: Buffer; programs: GenesisProgram[] };

type GenesisFile = {
  format: number;
  genesisHash: string;
  seed: string;
  createdAt: string;
  programs: { address: Address; sha256: string }[];
};

const sha256Hex = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** Derives 32 bytes for one purpose from the chain's seed. */
export function deriveFromSeed(seed: Uint8Array, purpose: string): Buffer {
  return createHash('sha256').update(`zk-casino local chain/${purpose}/`).update(seed).digest();
}

function readProgram(program: { address: Address; path: string }): GenesisProgram {
  const address = decodeBase58(program.address);
  if (address?.length !== 32) {
    throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', `--program: ${program.address} is not an address`);
  }
  let elf: Buffer;
  try {
    if (statSync(program.path).size > MAX_PROGRAM_BYTES) throw new Error(`larger than ${MAX_PROGRAM_BYTES} bytes`);
    elf = readFileSync(program.path);
    if (!elf.subarray(0, 4).equals(ELF_MAGIC)) throw new Error('not an ELF file');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', `--program ${program.path}: ${reason}`, { cause });
  }
  return { address: program.address, sha256: sha256Hex(elf), elf };
}

function readPrograms(programs: readonly { address: Address; path: string }[]): GenesisProgram[] {
  if (new Set(programs.map(({ address }) => address)).size !== programs.length) {
    throw new LocalChainError('LOCALCHAIN_CONFIG_INVALID', '--program names the same address twice');
  }
  return programs.map(readProgram);
}

const programPath = (directory: string, address: Address): string => join(directory, 'programs', `${address}.so`);

/** The hash that `getGenesisHash` shows: it binds the seed and every program of the first slot. */
function computeGenesisHash(seed: Uint8Array, programs: readonly { address: Address; sha256: string }[]): string {
  const list = programs.map(({ address, sha256 }) => `${address}=${sha256}`).sort();
  const publicSeed = deriveFromSeed(seed, 'genesis');
  return encodeBase58(createHash('sha256').update(publicSeed).update(list.join('\n')).digest());
}

/** Whether a chain was ever completely created in the directory. */
export function hasGenesis(directory: string): boolean {
  return existsSync(join(directory, 'genesis.json'));
}

/**
 * Makes a genesis with a random seed and stores its programs. It counts only once `storeGenesis` has run, which the
 * caller does last, after the chain's other files exist.
 */
export function createGenesis(directory: string, programs: readonly { address: Address; path: string }[]): Genesis {
  const given = readPrograms(programs);
  mkdirSync(join(directory, 'programs'), { recursive: true });
  for (const program of given) writeFileDurably(programPath(directory, program.address), program.elf);
  const seed = randomBytes(32);
  return { genesisHash: computeGenesisHash(seed, given), seed, programs: given };
}

/** Completes the creation of a chain. */
export function storeGenesis(directory: string, genesis: Genesis, nowMs: number): void {
  const file: GenesisFile = {
    format: FORMAT,
    genesisHash: genesis.genesisHash,
    seed: genesis.seed.toString('hex'),
    createdAt: new Date(nowMs).toISOString(),
    programs: genesis.programs.map(({ address, sha256 }) => ({ address, sha256 })),
  };
  const text = `${JSON.stringify(file, null, 2)}\n`;
  writeFileDurably(join(directory, 'genesis.json'), Buffer.from(text), 0o600);
}

/**
 * Loads the genesis of an existing chain. Programs given must be byte for byte those recorded
 * (`LOCALCHAIN_PROGRAM_CHANGED` otherwise); recorded ones need not be given again.
 */
export function openGenesis(directory: string, programs: readonly { address: Address; path: string }[]): Genesis {
  return checkPrograms(loadGenesis(directory), readPrograms(programs));
}

function loadGenesis(directory: string): Genesis {
  const path = join(directory, 'genesis.json');
  const invalid = (reason: string, cause?: unknown): LocalChainError =>
    new LocalChainError('LOCALCHAIN_GENESIS_INVALID', `${path}: ${reason}; restore it, or start a new chain`, {
      cause,
    });
  let file: GenesisFile;
  try {
    file = JSON.parse(readFileSync(path, 'utf8')) as GenesisFile;
  } catch (cause) {
    throw invalid('cannot be read', cause);
  }
  if (file.format !== FORMAT) throw invalid(`format ${String(file.format)} is not the ${FORMAT} of this version`);
  if (!/^[0-9a-f]{64}$/.test(file.seed) || !Array.isArray(file.programs)) throw invalid('a field is missing');
  const seed = Buffer.from(file.seed, 'hex');
  if (computeGenesisHash(seed, file.programs) !== file.genesisHash) throw invalid('the genesis hash does not match');
  const programs = file.programs.map(({ address, sha256 }) => {
    const copy = programPath(directory, address);
    const elf = existsSync(copy) ? readFileSync(copy) : Buffer.alloc(0);
    if (sha256Hex(elf) !== sha256) {
      const message = `${copy} is missing or is not the program recorded in genesis.json (sha256 ${sha256})`;
      throw new LocalChainError('LOCALCHAIN_PROGRAM_CORRUPT', message);
    }
    return { address, sha256, elf };
  });
  return { genesisHash: file.genesisHash, seed, programs };
}

function checkPrograms(genesis: Genesis, given: readonly GenesisProgram[]): Genesis {
  for (const program of given) {
    const recorded = genesis.programs.find(({ address }) => address === program.address);
    if (recorded?.sha256 === program.sha256) continue;
    const was = recorded === undefined ? 'has no program' : `has the program with sha256 ${recorded.sha256}`;
    throw new LocalChainError(
      'LOCALCHAIN_PROGRAM_CHANGED',
      `the chain in this data directory ${was} at ${program.address}, not sha256 ${program.sha256}: ` +
        'a program is fixed at genesis; use a new data directory',
    );
  }
  return genesis;
}
