import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Address, getAddressDecoder, getBase64Encoder } from '@solana/kit';
import { type ChainRpc, call } from '../sequencer/chain/rpc.ts';

/** Solana's loader of programs that can be replaced, and the offset of the program's bytes in its second account. */
const UPGRADEABLE_LOADER = 'BPFLoaderUpgradeab1e11111111111111111111111';
const PROGRAM_DATA_HEADER_BYTES = 45;
const PROGRAM_DATA_TAG = 3;

/** What is deployed at a program's address. */
export interface DeployedProgram {
  /** Whether its bytes are those of program/prebuilt. */
  isOurs: boolean;
  sha256: string;
  /** Who may replace it: nobody if null; undefined if its loader knows no such thing. */
  upgradeAuthority?: Address | null;
}

/** The program as it is deployed; undefined if there is none. `CHAIN_UNREACHABLE`. */
export async function deployedProgram(rpc: ChainRpc, program: Address): Promise<DeployedProgram | undefined> {
  const account = await accountAt(rpc, program);
  if (!account?.executable) return undefined;
  if (account.owner !== UPGRADEABLE_LOADER) return described(account.data);
  // The program's account names where its bytes are: a tag of 4 bytes, then the address (solana-loader-v3-interface).
  const data = await accountAt(rpc, getAddressDecoder().decode(account.data.slice(4, 36)));
  if (!data || data.data[0] !== PROGRAM_DATA_TAG) return undefined;
  // Tag (4), slot (8), whether there is an authority (1), the authority (32).
  const upgradeAuthority = data.data[12] === 1 ? getAddressDecoder().decode(data.data.slice(13, 45)) : null;
  return { ...described(data.data.slice(PROGRAM_DATA_HEADER_BYTES)), upgradeAuthority };
}

async function accountAt(rpc: ChainRpc, address: Address) {
  const { value } = await call(rpc.getAccountInfo(address, { commitment: 'confirmed', encoding: 'base64' }));
  if (!value) return undefined;
  return { owner: value.owner, executable: value.executable, data: new Uint8Array(getBase64Encoder().encode(value.data[0])) };
}

/** The account may be longer than the program: what is left over is zeros. */
function described(bytes: Uint8Array): { isOurs: boolean; sha256: string } {
  const { length, sha256 } = prebuiltProgram();
  const isPadded = bytes.length >= length && bytes.subarray(length).every((byte) => byte === 0);
  const found = createHash('sha256')
    .update(isPadded ? bytes.subarray(0, length) : bytes)
    .digest('hex');
  return { isOurs: found === sha256, sha256: found };
}

/** The program of this version, as it is to be deployed. */
export function prebuiltProgram(): { length: number; sha256: string } {
  const bytes = readFileSync(new URL('../program/prebuilt/zk_casino.so', import.meta.url));
  return { length: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}
