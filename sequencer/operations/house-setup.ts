import {
  type Address,
  getBase58Decoder,
  getBase58Encoder,
  getBase64Encoder,
  type Instruction,
  lamports,
  type TransactionSigner,
} from '@solana/kit';
import {
  addTerms,
  addVerifyingKey,
  decodeOwned,
  decodeTerms,
  decodeVerifyingKey,
  fundHouse,
  houseAddress,
  initHouse,
  termsAddress,
  type VerifyingKey,
  verifyingKeyAddress,
} from '../../program/client/index.ts';
import { domainOf } from '../../protocol/account.ts';
import { compareBytes } from '../../protocol/bytes.ts';
import { MAINNET_GENESIS_HASH } from '../../protocol/constants.ts';
import { keyWeakness } from '../../protocol/development-keys.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import type { Terms } from '../admission/seeds.ts';
import { ChainReader } from '../chain/reader.ts';
import { type ChainRpc, call } from '../chain/rpc.ts';
import { sendAndFinalize } from '../chain/transactions.ts';
import { CasinoError } from '../errors.ts';
import type { ProvingKey } from '../prover/proving-keys.ts';
import { loadTermsSecrets, type OperatorKeys, termsSecret } from './keys.ts';

/** Lamports that the operator's accounts get on a development chain, beside the bankroll. */
const DEVELOPMENT_FEES = 100_000_000_000n;
const SETUP_COMPUTE_UNITS = 400_000;

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
 * The operator's house on this chain, with its terms and verifying keys: what is missing is made, what is there is compared with the
 * operator's own (`CHAIN_MISMATCH`). Each step looks at the chain first, so that a start after a crash goes on where it ended.
 */
export async function openHouse(options: HouseOptions): Promise<OpenedHouse> {
  const { rpc, program, keys } = options;
  const genesisHash = new Uint8Array(getBase58Encoder().encode(await call(rpc.getGenesisHash())));
  assertKeysFit(genesisHash, options.provingKeys);
  const domain = domainOf(genesisHash);
  const house = await houseAddress({ program, creator: keys.authority.address });
  const reader = new ChainReader({ rpc, program, house, nowMs: options.nowMs });
  if ((await fetchData(options, house)) === undefined) await makeHouse(options, genesisHash);
  const account = await reader.houseAt('finalized');
  if (account.domain !== domain) throw new CasinoError('CHAIN_MISMATCH', 'the house was made for another cluster');
  if (compareBytes(account.receiptKey, keys.receiptKey) !== 0 || account.settler !== keys.settler.address) {
    throw new CasinoError('CHAIN_MISMATCH', "the house's receipt key or settler is not this operator's");
  }
  const own: VerifyingKey[] = [];
  for (const key of options.provingKeys) own.push(await ensureVerifyingKey(options, house, key));
  if (account.currentTerms === 0) await openTerms(options, house, 1);
  if (account.balance === 0n && account.vaultCount === 0n && options.bankroll > 0n) {
    options.onProgress('funding the house');
    const { authority: payer } = keys;
    await submit(options, [await fundHouse({ program, payer, house, amount: options.bankroll })]);
  }
  const { currentTerms } = await reader.houseAt('finalized');
  const terms = await readTerms(options, house, currentTerms);
  const others = (await reader.verifyingKeys()).filter(({ id }) => !own.some((key) => key.id === id));
  const verifyingKeys = [...own, ...others];
  return { reader, genesisHash, domain, currentTerms, terms, verifyingKeys };
}

/** Where money is real, nothing is settled under a key whose secret is public. */
function assertKeysFit(genesisHash: Uint8Array, provingKeys: readonly ProvingKey[]): void {
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

async function makeHouse(options: HouseOptions, genesisHash: Uint8Array): Promise<void> {
  const { program, keys, exitDelaySlots, changeDelaySlots, bankroll } = options;
  options.onProgress('opening the house on chain');
  await airdrop(options, { to: keys.authority.address, amount: bankroll + DEVELOPMENT_FEES });
  await airdrop(options, { to: keys.settler.address, amount: DEVELOPMENT_FEES });
  const instruction = await initHouse({
    program,
    creator: keys.authority,
    authority: keys.authority.address,
    settler: keys.settler.address,
    receiptKey: keys.receiptKey,
    genesisHash,
    exitDelaySlots,
    changeDelaySlots,
  });
  await submit(options, [instruction]);
}

async function openTerms(options: HouseOptions, house: Address, id: number): Promise<void> {
  const { program, keys, profitBps } = options;
  options.onProgress(`opening terms ${id}`);
  const vrfCommitment = vrfCommitmentOf(termsSecret(options.keysDirectory, id));
  await submit(options, [await addTerms({ program, authority: keys.authority, house, id, vrfCommitment, profitBps })]);
}

/**
 * Opens the terms after the newest, with a fresh secret and the same odds, and reads all terms anew once they are final. What an earlier
 * attempt opened is not taken for fresh: its number is used up.
 */
export async function openNextTerms(options: HouseOptions, opened: OpenedHouse): Promise<OpenedHouse> {
  const { reader } = opened;
  const { currentTerms: last } = await reader.houseAt('finalized');
  const profitBps = (await readTerms(options, reader.house, last)).at(-1)?.profitBps ?? options.profitBps;
  await openTerms({ ...options, profitBps }, reader.house, last + 1);
  const { currentTerms } = await reader.houseAt('finalized');
  if (currentTerms !== last + 1) throw new CasinoError('CHAIN_UNREACHABLE', `the node does not show terms ${last + 1} yet`);
  return { ...opened, currentTerms, terms: await readTerms(options, reader.house, currentTerms) };
}

/** The key on chain, stored now if it was not: a house that has vaults already takes its proofs only after its change delay. */
async function ensureVerifyingKey(options: HouseOptions, house: Address, key: ProvingKey): Promise<VerifyingKey> {
  const { program, keys } = options;
  const { maxBets, maxVaults, name } = key.circuit;
  const address = await verifyingKeyAddress({ program, house, id: key.vkId });
  let data = await fetchData(options, address);
  if (!data) {
    options.onProgress(`storing the verifying key of size ${name}`);
    const input = { program, authority: keys.authority, house, id: key.vkId, maxBets, maxVaults, key: key.verifyingKey };
    await submit(options, [await addVerifyingKey(input)]);
    data = await fetchData(options, address);
  }
  if (!data) throw new CasinoError('CHAIN_MISMATCH', `the verifying key of size ${name} is not on chain`);
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

async function readTerms(options: HouseOptions, house: Address, currentTerms: number): Promise<Terms[]> {
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
async function fetchData(options: HouseOptions, address: Address) {
  const { rpc, program } = options;
  const { value } = await call(rpc.getAccountInfo(address, { commitment: 'finalized', encoding: 'base64' }));
  if (!value) return undefined;
  const data = getBase64Encoder().encode(value.data[0]);
  return decodeOwned({ address, programAddress: value.owner, data }, { program, decode: (bytes) => bytes });
}

async function submit(options: HouseOptions, instructions: readonly Instruction[]): Promise<void> {
  const payer: TransactionSigner = options.keys.authority;
  await sendAndFinalize(options.rpc, { payer, instructions, computeUnits: SETUP_COMPUTE_UNITS });
}

async function airdrop({ rpc }: HouseOptions, input: { to: Address; amount: bigint }): Promise<void> {
  const before = (await call(rpc.getBalance(input.to, { commitment: 'confirmed' }))).value;
  if (before >= input.amount) return;
  await call(rpc.requestAirdrop(input.to, lamports(input.amount), { commitment: 'confirmed' }));
  const balance = async () => (await call(rpc.getBalance(input.to, { commitment: 'confirmed' }))).value;
  while ((await balance()) < input.amount) await new Promise((resolve) => setTimeout(resolve, 50));
}
