import { existsSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type Address, decodeBase58 } from './base58.ts';
import { lockFile } from './durable-files.ts';
import { LocalChainError } from './errors.ts';
import { createGenesis, deriveFromSeed, type Genesis, hasGenesis, openGenesis, storeGenesis } from './genesis.ts';
import { JOURNAL_HEADER_BYTES, Journal, type TornTail } from './journal.ts';
import { decodeRecord, type JournalRecord } from './records.ts';
import { SlotMark } from './slot-mark.ts';

/** The open files of one data directory. */
export type Store = {
  genesis: Genesis;
  journal: Journal;
  mark: SlotMark;
  tornTail: TornTail | null;
  close(): Promise<void>;
};

type StoreOptions = {
  directory: string;
  programs: readonly { address: Address; path: string }[];
  nowMs: number;
  /** Called once, before the first record. */
  onGenesis: (genesis: Genesis) => void;
  /** Sees every journaled record in order. */
  onRecord: (record: JournalRecord) => void;
};

/** Opens a data directory, or creates it, under an exclusive lock, and replays its journal. */
export async function openStore(options: StoreOptions): Promise<Store> {
  mkdirSync(options.directory, { recursive: true });
  const lock = lockFile(join(options.directory, 'lock.db'));
  try {
    const files = hasGenesis(options.directory) ? await openFiles(options) : await createFiles(options);
    const close = async (): Promise<void> => {
      await files.journal.close();
      await files.mark.close();
      lock.release();
    };
    return { ...files, close };
  } catch (error) {
    lock.release();
    throw error;
  }
}

type Files = Omit<Store, 'close'>;

const journalPath = (directory: string): string => join(directory, 'journal');
const markPath = (directory: string): string => join(directory, 'slots');

/** What the checksums of this chain's files start from. */
const saltOf = (genesis: Genesis): number => deriveFromSeed(genesis.seed, 'checksums').readUInt32LE(0);
const idOf = (genesis: Genesis): Uint8Array => decodeBase58(genesis.genesisHash) as Uint8Array;

async function createFiles({ directory, programs, nowMs, onGenesis }: StoreOptions): Promise<Files> {
  // The genesis file is written last: without it the others are leftovers of an interrupted creation, which hold
  // nothing, or somebody lost it.
  const path = journalPath(directory);
  if (existsSync(path) && statSync(path).size > JOURNAL_HEADER_BYTES) {
    const message = `${directory} has a journal but no genesis.json; restore it, or use a new data directory`;
    throw new LocalChainError('LOCALCHAIN_GENESIS_MISSING', message);
  }
  const genesis = createGenesis(directory, programs);
  rmSync(path, { force: true });
  const salt = saltOf(genesis);
  const journal = await Journal.create(path, { salt, genesisId: idOf(genesis) });
  const mark = await SlotMark.open(markPath(directory), { salt, create: true });
  await mark.write({ reservedSlot: 0, journalBytes: journal.bytes });
  storeGenesis(directory, genesis, nowMs);
  onGenesis(genesis);
  return { genesis, journal, mark, tornTail: null };
}

async function openFiles({ directory, programs, onGenesis, onRecord }: StoreOptions): Promise<Files> {
  const genesis = openGenesis(directory, programs);
  onGenesis(genesis);
  const salt = saltOf(genesis);
  const mark = await SlotMark.open(markPath(directory), { salt, create: false });
  try {
    const { journal, tornTail } = await Journal.open(journalPath(directory), {
      salt,
      genesisId: idOf(genesis),
      durableBytes: mark.current.journalBytes,
      replay: (payload) => onRecord(decodeRecord(payload)),
    });
    return { genesis, journal, mark, tornTail };
  } catch (error) {
    await mark.close();
    throw error;
  }
}
