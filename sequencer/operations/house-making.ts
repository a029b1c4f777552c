import { type Address, getBase58Decoder, type Instruction, lamports, type TransactionSigner } from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import {
  addTerms,
  addVerifyingKey,
  fundHouse,
  HOUSE_BYTES,
  houseAddress,
  initHouse,
  TERMS_BYTES,
  VERIFYING_KEY_BYTES,
} from '../../program/client/index.ts';
import { PUBLIC_CLUSTERS } from '../../protocol/constants.ts';
import { vrfCommitmentOf } from '../../protocol/outcome.ts';
import { ChainReader } from '../chain/reader.ts';
import { call } from '../chain/rpc.ts';
import { sendAndFinalize, type TransactionInput } from '../chain/transactions.ts';
import { CasinoError } from '../errors.ts';
import type { ProvingKey } from '../prover/proving-keys.ts';
import {
  assertKeysFit,
  assertOwnHouse,
  fetchData,
  genesisOf,
  type HouseOptions,
  type OpenedHouse,
  readTerms,
  storedVerifyingKey,
} from './house-setup.ts';
import { type OperatorKeys, termsSecret } from './keys.ts';

const SETUP_COMPUTE_UNITS = 400_000;
/** Lamports that the operator's accounts get on a chain of one's own, beside the bankroll. */
const DEVELOPMENT_LAMPORTS = 100_000_000_000n;
/** What the authority keeps for later commands of the operator, in lamports. */
const AUTHORITY_RESERVE_LAMPORTS = 10_000_000n;
/** Solana's fee for a transaction with one signature. */
const FEE_LAMPORTS = 5_000n;

/** A house to be made with a payer's lamports: it pays the bankroll, and what authority and settler lack. */
export interface MakingOptions extends HouseOptions {
  payer: TransactionSigner;
  /** What the settler is topped up to, in lamports. */
  settlerLamports: bigint;
  /**
   * Sends what moves lamports of the payer, until it is final, so that no later run sends it again while it may land. `note`: what it does.
   * Whatever an earlier run has sent must have found its end.
   */
  pay(input: TransactionInput, note: string): Promise<unknown>;
}

export interface HousePlan {
  house: Address;
  /** What is missing, in the order in which it is made, and what each costs in lamports. */
  steps: readonly { what: string; lamports: bigint }[];
  /** What authority and settler are given. */
  topUps: { authority: bigint; settler: bigint };
  /** What leaves the payer, fees included: less than the steps together by what the authority holds already. */
  totalLamports: bigint;
}

/**
 * What making the operator's house on this chain would cost, or finishing one that was begun; sends nothing. `CHAIN_MISMATCH` or
 * `PROVING_KEY_INVALID` if what is there is not this operator's.
 */
export async function planHouse(options: MakingOptions): Promise<HousePlan> {
  const { rpc, keys, payer } = options;
  const state = await stateOf(options);
  const made = await missingAccounts(options, state);
  const ownFees = FEE_LAMPORTS * BigInt(made.length);
  const needed = sumOf(made) + ownFees;
  const lacks = async (who: Address, amount: bigint) => {
    const { value } = await call(rpc.getBalance(who, { commitment: 'confirmed' }));
    return value < amount ? amount - value : 0n;
  };
  const isOwnPayer = payer.address === keys.authority.address;
  const authority = isOwnPayer ? 0n : await lacks(keys.authority.address, needed + AUTHORITY_RESERVE_LAMPORTS);
  const settler = await lacks(keys.settler.address, options.settlerLamports);
  const bankroll = state.unfunded ? options.bankroll : 0n;
  const payerFees = FEE_LAMPORTS * BigInt(Number(authority + settler > 0n) + Number(bankroll > 0n));
  const reserve = authority < AUTHORITY_RESERVE_LAMPORTS ? authority : AUTHORITY_RESERVE_LAMPORTS;
  const steps = [
    ...made,
    { what: "the authority's own lamports, for later commands", lamports: reserve },
    { what: "the settler's lamports, for the fees of settling", lamports: settler },
    { what: 'the bankroll', lamports: bankroll },
    { what: 'transaction fees', lamports: ownFees + payerFees },
  ].filter(({ lamports: cost }) => cost > 0n);
  const totalLamports = authority + settler + bankroll + payerFees + (isOwnPayer ? needed : 0n);
  return { house: state.house, steps, topUps: { authority, settler }, totalLamports };
}

const sumOf = (steps: readonly { lamports: bigint }[]): bigint => steps.reduce((sum, step) => sum + step.lamports, 0n);

/** Accounts that are still to be made, each by a transaction of its own, and their rent. */
async function missingAccounts({ rpc }: MakingOptions, { account, missingKeys }: Awaited<ReturnType<typeof stateOf>>) {
  const rent = (bytes: number) => call(rpc.getMinimumBalanceForRentExemption(BigInt(bytes)));
  const made: { what: string; lamports: bigint }[] = [];
  if (!account) made.push({ what: 'the house and its escrow (rent)', lamports: (await rent(HOUSE_BYTES)) + (await rent(0)) });
  for (const { circuit } of missingKeys) {
    made.push({ what: `the verifying key of size ${circuit.name} (rent)`, lamports: await rent(VERIFYING_KEY_BYTES) });
  }
  if (!account?.currentTerms) made.push({ what: 'the first terms (rent)', lamports: await rent(TERMS_BYTES) });
  return made;
}

/**
 * Makes what the plan names, each step final before the next. It looks at the chain before each, so that a further run goes on where an
 * earlier one ended. `shouldStop` is asked between steps; resolves to whether all is done.
 */
export async function makeHouse(options: MakingOptions, shouldStop: () => boolean = () => false): Promise<boolean> {
  const { program, keys, payer, onProgress } = options;
  const { topUps } = await planHouse(options);
  const paid = [
    { destination: keys.authority.address, amount: topUps.authority },
    { destination: keys.settler.address, amount: topUps.settler },
  ].filter(({ amount }) => amount > 0n);
  if (paid.length > 0) {
    onProgress("paying the operator's accounts");
    const instructions = paid.map((one) => getTransferSolInstruction({ source: payer, ...one }));
    await options.pay({ payer, instructions, computeUnits: SETUP_COMPUTE_UNITS }, "pay the operator's accounts");
  }
  for (;;) {
    if (shouldStop()) return false;
    const state = await stateOf(options);
    const { house, account, genesisHash } = state;
    const missingKey = state.missingKeys[0];
    if (!account) await initialize(options, genesisHash);
    else if (missingKey) await storeVerifyingKey(options, house, missingKey);
    else if (account.currentTerms === 0) await openTerms(options, house, 1);
    else if (state.unfunded && options.bankroll > 0n) {
      onProgress('funding the house');
      const instructions = [await fundHouse({ program, payer, house, amount: options.bankroll })];
      await options.pay({ payer, instructions, computeUnits: SETUP_COMPUTE_UNITS }, `fund ${house}`);
      return true;
    } else return true;
  }
}

/**
 * Makes what the operator's house lacks on a chain of one's own, whose faucet pays for everything. `CONFIG_INVALID` on a public cluster.
 */
export async function makeDevelopmentHouse(options: HouseOptions): Promise<void> {
  const { rpc, program, keys, bankroll } = options;
  const cluster = PUBLIC_CLUSTERS[getBase58Decoder().decode(await genesisOf(rpc))];
  if (cluster)
    throw new CasinoError('CONFIG_INVALID', `a house on ${cluster} is made by \`casino init\`, and paid for by its operator`);
  const house = await houseAddress({ program, creator: keys.creator });
  if ((await fetchData(options, house)) === undefined) {
    assertCanMake(keys);
    await airdrop(options, { to: keys.authority.address, amount: bankroll + DEVELOPMENT_LAMPORTS });
    await airdrop(options, { to: keys.settler.address, amount: DEVELOPMENT_LAMPORTS });
  }
  const pay = (input: TransactionInput) => sendAndFinalize(rpc, input);
  await makeHouse({ ...options, payer: keys.authority, settlerLamports: 0n, pay });
}

/** What of the house is final. Bankroll that is on its way counts: a second one would be worse than a late one. */
async function stateOf(options: MakingOptions) {
  const { rpc, program, keys, provingKeys, nowMs } = options;
  const genesisHash = await genesisOf(rpc);
  assertKeysFit(genesisHash, provingKeys);
  const house = await houseAddress({ program, creator: keys.creator });
  if ((await fetchData(options, house)) === undefined) {
    assertCanMake(keys);
    return { house, genesisHash, account: undefined, missingKeys: [...provingKeys], unfunded: true };
  }
  const reader = new ChainReader({ rpc, program, house, nowMs });
  const [account, confirmed] = [await reader.houseAt('finalized'), await reader.houseAt('confirmed')];
  assertOwnHouse(account, { keys, genesisHash });
  const missingKeys: ProvingKey[] = [];
  for (const key of provingKeys) if (!(await storedVerifyingKey(options, house, key))) missingKeys.push(key);
  const unfunded = [account, confirmed].every(({ balance, vaultCount }) => balance === 0n && vaultCount === 0n);
  return { house, genesisHash, account, missingKeys, unfunded };
}

/** A house's address is its first authority's, who alone can make it. */
function assertCanMake({ creator, authority }: OperatorKeys): void {
  if (creator === authority.address) return;
  const message = `this chain has no house that ${creator} made, and its authority has changed since`;
  throw new CasinoError('CHAIN_MISMATCH', message);
}

async function initialize(options: MakingOptions, genesisHash: Uint8Array): Promise<void> {
  const { program, keys, exitDelaySlots, changeDelaySlots } = options;
  options.onProgress('opening the house on chain');
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
  await submit(options, keys.authority, [instruction]);
}

async function openTerms(options: HouseOptions, house: Address, id: number): Promise<void> {
  const { program, keys, profitBps } = options;
  options.onProgress(`opening terms ${id}`);
  const vrfCommitment = vrfCommitmentOf(termsSecret(options.keysDirectory, id));
  const instruction = await addTerms({ program, authority: keys.authority, house, id, vrfCommitment, profitBps });
  await submit(options, keys.authority, [instruction]);
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

/** A house that has vaults already takes proofs under the key only after its change delay. */
async function storeVerifyingKey(options: MakingOptions, house: Address, key: ProvingKey): Promise<void> {
  const { program, keys } = options;
  const { maxBets, maxVaults, name } = key.circuit;
  options.onProgress(`storing the verifying key of size ${name}`);
  const input = { program, authority: keys.authority, house, id: key.vkId, maxBets, maxVaults, key: key.verifyingKey };
  await submit(options, keys.authority, [await addVerifyingKey(input)]);
}

async function submit(options: HouseOptions, payer: TransactionSigner, instructions: readonly Instruction[]): Promise<void> {
  await sendAndFinalize(options.rpc, { payer, instructions, computeUnits: SETUP_COMPUTE_UNITS });
}

async function airdrop({ rpc }: HouseOptions, input: { to: Address; amount: bigint }): Promise<void> {
  const balance = async () => (await call(rpc.getBalance(input.to, { commitment: 'confirmed' }))).value;
  if ((await balance()) >= input.amount) return;
  await call(rpc.requestAirdrop(input.to, lamports(input.amount), { commitment: 'confirmed' }));
  while ((await balance()) < input.amount) await new Promise((resolve) => setTimeout(resolve, 50));
}
