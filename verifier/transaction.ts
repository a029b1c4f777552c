import { ed25519 } from '@noble/curves/ed25519.js';
import {
  type Address,
  getBase58Decoder,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
  type ReadonlyUint8Array,
} from '@solana/kit';
import { decodeEvent, type HouseEvent } from './layout/events.ts';
import { decodeInstruction, type ProgramInstruction, type SettleBatchData } from './layout/instructions.ts';
import { addressBytes } from './layout/reader.ts';
import { readLog } from './log.ts';
import type { RawInstruction, RawTransaction } from './rpc.ts';

/** One call of the program: what it was told and what it said. */
export interface Frame {
  instruction: ProgramInstruction;
  events: HouseEvent[];
  /** Whether its log is whole. Of a log that was cut short, which anyone can bring about, no event counts; settlements need theirs. */
  logged: boolean;
  /** The top-level instruction before the one that this call came from, with its program: a challenge's receipt lies there. */
  before: { program: Address; data: Uint8Array } | undefined;
}

/** A finalized, successful transaction that names the house. */
export interface HistoryTransaction {
  signature: string;
  slot: bigint;
  blockTimeMs: number | undefined;
  /** The program's calls that are about the house, in order. */
  frames: Frame[];
  /** All their events, in order. */
  events: HouseEvent[];
  /** All their `settle_batch`, at the top level and called by other programs, in order. */
  settlements: SettleBatchData[];
}

/** Codes: what is wrong with a transaction as the node tells it. */
export type TransactionFault =
  | 'transaction-missing'
  | 'transaction-forged'
  | 'log-missing'
  | 'log-truncated'
  | 'log-mismatch'
  | 'event-malformed'
  | 'instruction-malformed';

/** A transaction of the history that cannot be read as what it must be. Nothing after it can be followed. */
export class HistoryFault extends Error {
  readonly code: TransactionFault;
  readonly signature: string;
  readonly slot: bigint;

  constructor(code: TransactionFault, at: { signature: string; slot: bigint; message: string }, options?: ErrorOptions) {
    super(at.message, options);
    this.name = 'HistoryFault';
    this.code = code;
    this.signature = at.signature;
    this.slot = at.slot;
  }
}

interface Call extends RawInstruction {
  /** Index of the top-level instruction that it is or came from. */
  top: number;
}

/**
 * Reads what the program was told about a house and what it said, from a transaction as a node tells it. The instructions are signed, and
 * the signatures checked; the log is the node's word. Throws a `HistoryFault`.
 */
export function readTransaction(
  raw: RawTransaction,
  context: { signature: string; program: Address; house: Address },
): HistoryTransaction {
  const { signature, program, house } = context;
  const fault = (code: TransactionFault, message: string, cause?: unknown) =>
    new HistoryFault(code, { signature, slot: raw.slot, message }, { cause });
  const { addresses, calls } = readCalls(raw, { signature, fault });
  const own = calls.filter(({ programIndex }) => addresses[programIndex] === program);
  const told = own.map(({ data, accounts }) =>
    attempt(
      () => decodeInstruction(data, accounts.map((at) => addresses[at]) as Address[]),
      (error) => fault('instruction-malformed', `an instruction of the program is none: ${error.message}`, error),
    ),
  );
  if (!raw.inner && readLog(raw.logs ?? [], program).calls.length > told.length) {
    throw fault('log-missing', 'the node does not record what programs call, and the log shows calls of this one');
  }
  // Anyone can name the house in a transaction, and fill its log with anything.
  const isAboutHouse = told.some((instruction) => instruction.house === house);
  const said = isAboutHouse ? readSaid(raw, { program, house, told, fault }) : [];
  const frames = told.flatMap((instruction, index): Frame[] => {
    if (instruction.house !== house) return [];
    const before = calls.find(({ top }) => top === (own[index] as Call).top - 1);
    return [
      {
        instruction,
        events: (said?.[index] ?? []).map((data) => readEvent(data, fault)),
        logged: said !== undefined,
        before: before && { program: addresses[before.programIndex] as Address, data: before.data },
      },
    ];
  });
  return {
    signature,
    slot: raw.slot,
    blockTimeMs: raw.blockTime === undefined ? undefined : 1_000 * raw.blockTime,
    frames,
    events: frames.flatMap(({ events }) => events),
    settlements: frames.flatMap(({ instruction }) => (instruction.name === 'settle_batch' ? [instruction] : [])),
  };
}

type MakeFault = (code: TransactionFault, message: string, cause?: unknown) => HistoryFault;

/** Every instruction in the order of execution, each at the top level followed by those that it called. */
function readCalls(
  raw: RawTransaction,
  { signature, fault }: { signature: string; fault: MakeFault },
): { addresses: Address[]; calls: Call[] } {
  const { message, keys } = attempt(
    () => openWire(raw.wire, signature),
    (error) => fault('transaction-forged', `its bytes are not what its signature signs: ${error.message}`, error),
  );
  const addresses = [...keys, ...raw.loaded];
  const calls: Call[] = [];
  for (const [top, instruction] of instructionsOf(message).entries()) {
    calls.push({ top, ...instruction });
    for (const inner of raw.inner?.get(top) ?? []) calls.push({ top, ...inner });
  }
  const isKnown = (call: Call) => [call.programIndex, ...call.accounts].every((index) => addresses[index] !== undefined);
  if (!calls.every(isKnown)) throw fault('transaction-forged', 'an instruction names an account that is not there');
  return { addresses, calls };
}

type Message = ReturnType<ReturnType<typeof getCompiledTransactionMessageDecoder>['decode']>;

/** The instructions at the top level; those of version 1 lie in two lists. */
function instructionsOf(message: Message): RawInstruction[] {
  if (message.version === 1) {
    return message.instructionHeaders.map(({ programAccountIndex }, index) => {
      const { instructionAccountIndices = [], instructionData = [] } = message.instructionPayloads[index] ?? {};
      return { programIndex: programAccountIndex, accounts: instructionAccountIndices, data: Uint8Array.from(instructionData) };
    });
  }
  return message.instructions.map(({ programAddressIndex, accountIndices = [], data = new Uint8Array() }) => {
    return { programIndex: programAddressIndex, accounts: accountIndices, data: Uint8Array.from(data) };
  });
}

/** Decodes a transaction's bytes, checks that the signature is its first, and verifies all of them. Throws otherwise. */
function openWire(wire: Uint8Array, signature: string) {
  const { messageBytes, signatures } = getTransactionDecoder().decode(wire);
  const message = getCompiledTransactionMessageDecoder().decode(messageBytes);
  const signers = Object.entries(signatures) as [Address, ReadonlyUint8Array | null][];
  const first = signers[0]?.[1];
  if (!first || getBase58Decoder().decode(first) !== signature) throw new Error('it is another transaction');
  for (const [signer, bytes] of signers) {
    const isValid = bytes && ed25519.verify(Uint8Array.from(bytes), Uint8Array.from(messageBytes), addressBytes(signer));
    if (!isValid) throw new Error(`${signer} did not sign it`);
  }
  return { message, keys: message.staticAccounts };
}

/** What each of the program's calls logged; undefined if the log was cut short and nothing of the house depends on it. */
function readSaid(
  raw: RawTransaction,
  context: { program: Address; house: Address; told: readonly ProgramInstruction[]; fault: MakeFault },
): string[][] | undefined {
  const { program, told, fault } = context;
  if (!raw.logs) throw fault('log-missing', 'the node has no log of it');
  const { calls, whole } = readLog(raw.logs, program);
  if (!whole) {
    // A batch of another house, which anyone can have, hides nothing of this one.
    if (!told.some(({ name, house }) => name === 'settle_batch' && house === context.house)) return undefined;
    throw fault('log-truncated', 'its log was cut short, so that the event of a batch is missing');
  }
  if (calls.length === told.length) return calls;
  throw fault('log-mismatch', `its log shows ${calls.length} calls of the program, its instructions ${told.length}`);
}

function readEvent(data: string, fault: MakeFault): HouseEvent {
  return attempt(
    () => decodeEvent(Uint8Array.from(atob(data), (char) => char.charCodeAt(0))),
    (error) => fault('event-malformed', `an event of the program is none: ${error.message}`, error),
  );
}

function attempt<T>(act: () => T, orThrow: (error: Error) => HistoryFault): T {
  try {
    return act();
  } catch (error) {
    throw orThrow(error as Error);
  }
}
