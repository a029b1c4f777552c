import { type Address, getBase58Decoder, getBase58Encoder, getBase64Encoder } from '@solana/kit';
import {
  decodeHouse,
  decodeOwned,
  decodeTerms,
  decodeVerifyingKey,
  type House,
  houseAddress,
  termsAddress,
  type VerifyingKey,
  verifyingKeyAddress,
} from '../../program/client/index.ts';
import { domainOf } from '../../protocol/account.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { MAINNET_GENESIS_HASH } from '../../protocol/constants.ts';
import { keyWeakness } from '../../protocol/development-keys.ts';
import type { Terms } from '../admission/seeds.ts';
import { ChainReader } from '../chain/reader.ts';
import { type ChainRpc, call } from '../chain/rpc.ts';
import { CasinoError } from '../errors.ts';
import type { ProvingKey } from '../prover/proving-keys.ts';
import { loadTermsSecrets, type OperatorKeys } from './keys.ts';

export interface HouseOptions {
  rpc: ChainRpc;
  program: Address;
  keys: OperatorKeys;
  keysDirectory: string;
  provingKeys: readonly ProvingKey[];
  profitBps: number;
  exitDelaySlots: bigint;
  changeDelaySlots: bigint;
  /** Base units that a fresh house is funded with. */
  bankroll: bigint;
  nowMs(): number;
  onProgress(message: string): void;
}

export interface OpenedHouse {
  reader: ChainReader;
  genesisHash: Uint8Array;
  domain: bigint;
  terms: Terms[];
  currentTerms: number;
  /** All keys that the house has on chain, as of the start, whoever added them. */
  verifyingKeys: VerifyingKey[];
}

/**
 * The operator's house on this chain, with its terms and verifying keys, compared with the operator's own. Sends nothing. `CONFIG_INVALID`
 * if something of the house is not there yet, `CHAIN_MISMATCH` or `PROVING_KEY_INVALID` if it is another's, `CHAIN_UNREACHABLE` if the
 * node does not show a house that was there before.
 */
export async function openHouse(options: HouseOptions & { wasOpen: boolean }): Promise<OpenedHouse> {
  const { rpc, program, keys } = options;
  const genesisHash = await genesisOf(rpc);
  assertKeysFit(genesisHash, options.provingKeys);
  const house = await houseAddress({ program, creator: keys.creator });
  const reader = new ChainReader({ rpc, program, house, nowMs: options.nowMs });
  // A house that was opened never goes away: a node without it is behind, and the reader says so.
  if (!options.wasOpen && (await fetchData(options, house)) === undefined) {
    throw missing(`this operator has no house on this chain (it would be ${house}, of the program ${program})`);
  }
  const account = await reader.houseAt('finalized');
  assertOwnHouse(account, { keys, genesisHash });
  const own: VerifyingKey[] = [];
  for (const key of options.provingKeys) {
    const found = await storedVerifyingKey(options, house, key);
    if (!found) throw missing(`the house lacks the verifying key of size ${key.circuit.name}`);
    own.push(found);
  }
  const { currentTerms } = account;
  if (currentTerms === 0) throw missing('the house has no terms');
  const terms = await readTerms(options, house, currentTerms);
  const others = (await reader.verifyingKeys()).filter(({ id }) => !own.some((key) => key.id === id));
  const verifyingKeys = [...own, ...others];
  return { reader, genesisHash, domain: domainOf(genesisHash), currentTerms, terms, verifyingKeys };
}

const missing = (what: string) =>
  new CasinoError('CONFIG_INVALID', `${what}: \`casino init\` makes it, and goes on where it ended`);

/** The hash of the chain's first block, 32 bytes. */
export async function genesisOf(rpc: ChainRpc): Promise<Uint8Array> {
  return new Uint8Array(getBase58Encoder().encode(await call(rpc.getGenesisHash())));
}

/** `CHAIN_MISMATCH` if the house was made for another cluster or by other keys. */
export function assertOwnHouse(house: House, { keys, genesisHash }: { keys: OperatorKeys; genesisHash: Uint8Array }): void {
  if (house.domain !== domainOf(genesisHash)) throw new CasinoError('CHAIN_MISMATCH', 'the house was made for another cluster');
  if (compareBytes(house.receiptKey, keys.receiptKey) !== 0) {
    throw new CasinoError('CHAIN_MISMATCH', "the house's receipt key is not this operator's");
  }
  if (house.settler !== keys.settler.address) {
    const message = `the house's settler is ${house.settler}, and settler.json holds ${keys.settler.address}: docs/operating/house.md`;
    throw new CasinoError('CHAIN_MISMATCH', message);
  }
}

/** The house of these keys as the finalized chain shows it; undefined before it is made. */
export async function findHouse(options: Pick<HouseOptions, 'rpc' | 'program' | 'keys'>): Promise<House | undefined> {
  const { program, keys } = options;
  const data = await fetchData(options, await houseAddress({ program, creator: keys.creator }));
  return data && decodeHouse(data);
}

/** Where money is real, nothing is settled under a key whose secret is public. */
export function assertKeysFit(genesisHash: Uint8Array, provingKeys: readonly ProvingKey[]): void {
  if (getBase58Decoder().decode(genesisHash) !== MAINNET_GENESIS_HASH) return;
  for (const { circuit, verifyingKey } of provingKeys) {
    const weakness = keyWeakness(verifyingKey);
    if (!weakness) continue;
    const way = 'start with --proving-keys and the keys of a ceremony (docs/operating/ceremony.md)';
    throw new CasinoError(
      'PROVING_KEY_INVALID',
      `anyone can forge proofs under the key of ${circuit.name} (${weakness}): ${way}`,
    );
  }
}

/** Whether the house, at a slot, takes proofs under a key whose secret is public. */
export function takesDevelopmentKeys(verifyingKeys: readonly VerifyingKey[], slot: bigint): boolean {
  return verifyingKeys.some(
    ({ key, activeFromSlot, retiredFromSlot }) =>
      activeFromSlot <= slot && slot < retiredFromSlot && keyWeakness(key) !== undefined,
  );
}

/** The verifying key of a size on chain, which must be this proving key's (`PROVING_KEY_INVALID`); undefined if there is none. */
export async function storedVerifyingKey(
  options: HouseOptions,
  house: Address,
  key: ProvingKey,
): Promise<VerifyingKey | undefined> {
  const { maxBets, maxVaults, name } = key.circuit;
  const data = await fetchData(options, await verifyingKeyAddress({ program: options.program, house, id: key.vkId }));
  if (!data) return undefined;
  const found = decodeVerifyingKey(data);
  if (compareBytes(found.key, key.verifyingKey) !== 0 || found.maxBets !== maxBets || found.maxVaults !== maxVaults) {
    const way = 'put the proving key back that the house was opened with';
    throw new CasinoError(
      'PROVING_KEY_INVALID',
      `verifying key ${key.vkId} (${name}) on chain is not that of ${key.path}: ${way}`,
    );
  }
  return found;
}

/** All terms of the house up to the newest, with their secrets; `CHAIN_MISMATCH` if one's is missing. */
export async function readTerms(options: HouseOptions, house: Address, currentTerms: number): Promise<Terms[]> {
  const secrets = loadTermsSecrets(options.keysDirectory);
  const terms: Terms[] = [];
  for (let id = 1; id <= currentTerms; id += 1) {
    const k = secrets.get(id);
    if (k === undefined) throw new CasinoError('CHAIN_MISMATCH', `the secret of terms ${id} is missing from the keys directory`);
    const data = await fetchData(options, await termsAddress({ program: options.program, house, id }));
    if (!data) throw new CasinoError('CHAIN_MISMATCH', `terms ${id} are not on chain`);
    const { profitBps, vrfCommitment } = decodeTerms(data);
    terms.push({ id, profitBps, vrfCommitment, k });
  }
  return terms;
}

/** The finalized data of an account of the program; undefined if there is none. */
export async function fetchData(options: Pick<HouseOptions, 'rpc' | 'program'>, address: Address) {
  const { rpc, program } = options;
  const { value } = await call(rpc.getAccountInfo(address, { commitment: 'finalized', encoding: 'base64' }));
  if (!value) return undefined;
  const data = getBase64Encoder().encode(value.data[0]);
  return decodeOwned({ address, programAddress: value.owner, data }, { program, decode: (bytes) => bytes });
}
