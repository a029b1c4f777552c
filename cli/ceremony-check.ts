import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Address, getBase64Encoder, isAddress } from '@solana/kit';
import { CIRCUIT_NAMES, circuitInfo } from '../circuits/artifacts.ts';
import { decodeHouse, decodeOwned, houseAddress, type VerifyingKey, verifyingKeyAddress } from '../program/client/index.ts';
import { compareBytes } from '../protocol/bytes.ts';
import { type CeremonyTranscript, parseTranscript, transcriptKey } from '../protocol/ceremony-transcript.ts';
import { keyWeakness } from '../protocol/development-keys.ts';
import { ChainReader } from '../sequencer/chain/reader.ts';
import { type ChainRpc, call, connectRpc } from '../sequencer/chain/rpc.ts';
import { CasinoError, messageOf } from '../sequencer/errors.ts';
import { EXIT_AGAIN, EXIT_FINDING, EXIT_USAGE } from './exit-codes.ts';

export interface CheckFlags {
  transcript: string;
  rpc: string;
  house: string;
  vk?: number;
  json?: boolean;
}

/**
 * `casino keys ceremony check`: whether the house's verifying key is the one that the transcript's ceremony has come to, and whether the
 * house takes proofs under a key whose secret is public. Resolves to the exit code.
 */
export async function runCheck(flags: CheckFlags): Promise<number> {
  try {
    const { lines, findings, json } = await checkHouse(flags);
    const words = [...lines, ...findings.map((finding) => `DIFFERS: ${finding}`)].join('\n');
    process.stdout.write(`${flags.json ? JSON.stringify({ ...json, findings }) : words}\n`);
    return findings.length === 0 ? 0 : EXIT_FINDING;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return error instanceof CasinoError && error.retry ? EXIT_AGAIN : EXIT_USAGE;
  }
}

async function checkHouse(flags: CheckFlags): Promise<{ lines: string[]; findings: string[]; json: object }> {
  const transcript = parseTranscript(readFileSync(flags.transcript, 'utf8'));
  const id = flags.vk ?? (CIRCUIT_NAMES as string[]).indexOf(transcript.circuit) + 1;
  if (id === 0) throw new Error(`no circuit is named ${transcript.circuit}: name the verifying key with --vk`);
  if (!isAddress(flags.house)) throw new Error(`${flags.house} is no address`);
  if (!URL.canParse(flags.rpc)) throw new Error(`${flags.rpc} is not the address of a node`);
  const rpc = connectRpc(flags.rpc);
  const program = await programOf(rpc, flags.house);
  const reader = new ChainReader({ rpc, program, house: flags.house, nowMs: Date.now });
  const [keys, slot] = [await reader.verifyingKeys(), await call(rpc.getSlot({ commitment: 'finalized' }))];
  const findings = transcriptFindings(transcript);
  const key = keys.find((one) => one.id === id);
  if (key) findings.push(...(await keyFindings(key, { transcript, program, house: flags.house, slot })));
  else findings.push(`the house has no verifying key ${id}`);
  const lines = [
    `house ${flags.house} of program ${program}`,
    `ceremony for ${transcript.circuit}: ${transcript.verifyingKeySha256}`,
  ];
  for (const one of keys.toSorted((a, b) => a.id - b.id)) {
    lines.push(describeKey(one, slot));
    const weakness = one.retiredFromSlot > slot ? keyWeakness(one.key) : undefined;
    if (weakness) findings.push(`verifying key ${one.id}: anyone can forge proofs under it (${weakness})`);
  }
  lines.push('Each other key that is at work needs a transcript of its own.');
  const { circuit, verifyingKeySha256 } = transcript;
  const verifyingKeys = keys.map((one) => ({ id: one.id, sha256: hex(one.keyHash), retired: one.retiredFromSlot <= slot }));
  return { lines, findings, json: { house: flags.house, program, circuit, verifyingKeySha256, verifyingKeys } };
}

/** The program that owns the house, which must be at the address that follows from what it holds. */
async function programOf(rpc: ChainRpc, house: Address): Promise<Address> {
  const { value } = await call(rpc.getAccountInfo(house, { commitment: 'finalized', encoding: 'base64' }));
  if (!value) throw new Error(`the chain has no account ${house}`);
  const program = value.owner;
  const raw = { address: house, programAddress: program, data: getBase64Encoder().encode(value.data[0]) };
  const { creator, mint } = decodeOwned(raw, { program, decode: decodeHouse });
  if ((await houseAddress({ program, creator, mint })) !== house)
    throw new Error(`${house} is not the address of the house it holds`);
  return program;
}

/** Where the transcript contradicts itself or the circuits of this version. */
function transcriptFindings(transcript: CeremonyTranscript): string[] {
  const { circuit, r1csSha256, verifyingKeySha256 } = transcript;
  const findings: string[] = [];
  const known = CIRCUIT_NAMES.find((name) => name === circuit);
  if (!known || circuitInfo(known).r1csSha256 !== r1csSha256)
    findings.push(`the ceremony was for another circuit than ${circuit} as it is now`);
  if (sha256(transcriptKey(transcript)) !== verifyingKeySha256)
    findings.push("the transcript's verifying key has another hash than it says");
  return findings;
}

async function keyFindings(
  key: VerifyingKey,
  expected: { transcript: CeremonyTranscript; program: Address; house: Address; slot: bigint },
): Promise<string[]> {
  const { transcript, program, house, slot } = expected;
  const findings: string[] = [];
  const what = `verifying key ${key.id}`;
  const derived = await verifyingKeyAddress({ program, house, id: key.id });
  if (compareBytes(key.key, transcriptKey(transcript)) !== 0)
    findings.push(`${what} on chain (${sha256(key.key)}) is not the transcript's`);
  if (hex(key.keyHash) !== sha256(key.key)) findings.push(`${what} has a hash on chain that is not its own, at ${derived}`);
  if (key.retiredFromSlot <= slot) findings.push(`${what} is retired`);
  const known = CIRCUIT_NAMES.find((name) => name === transcript.circuit);
  if (known) {
    const { maxBets, maxVaults } = circuitInfo(known);
    const fits = key.maxBets === maxBets && key.maxVaults === maxVaults;
    if (!fits)
      findings.push(`${what} is for ${key.maxBets} bets and ${key.maxVaults} vaults, ${known} for ${maxBets} and ${maxVaults}`);
  }
  return findings;
}

function describeKey({ id, maxBets, maxVaults, keyHash, activeFromSlot, retiredFromSlot }: VerifyingKey, slot: bigint): string {
  const state = retiredFromSlot <= slot ? 'retired' : activeFromSlot > slot ? `from slot ${activeFromSlot}` : 'at work';
  return `verifying key ${id} (${maxBets} bets, ${maxVaults} vaults, ${state}): ${hex(keyHash)}`;
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
