import type { Address, TransactionSigner } from '@solana/kit';
import { associatedTokenAddress, escrowAddress, houseAddress, termsAddress, verifyingKeyAddress } from '../addresses.ts';
import { KEY_BYTES, NATIVE_MINT } from '../constants.ts';
import {
  addressBytes,
  type CasinoInstruction,
  instruction,
  readonly,
  SYSTEM_PROGRAM,
  signs,
  signsAndPays,
  writable,
} from './build.ts';
import { inflowAccounts } from './token.ts';

/**
 * Makes a house with its escrow. `receiptKey` and `genesisHash` are 32 bytes. For an SPL mint the escrow's token account must exist:
 * `createAssociatedToken` makes it.
 */
export async function initHouse(input: {
  program: Address;
  creator: TransactionSigner;
  authority: Address;
  settler: Address;
  receiptKey: Uint8Array;
  mint?: Address;
  genesisHash: Uint8Array;
  exitDelaySlots: bigint;
  changeDelaySlots: bigint;
}): Promise<CasinoInstruction> {
  const { program, creator, mint = NATIVE_MINT } = input;
  const house = await houseAddress({ program, creator: creator.address, mint });
  const escrow = await escrowAddress({ program, house });
  const held =
    mint === NATIVE_MINT
      ? [writable(escrow)]
      : [readonly(escrow), readonly(mint), readonly(await associatedTokenAddress({ owner: escrow, mint }))];
  return instruction({
    program,
    name: 'initHouse',
    accounts: [signsAndPays(creator), writable(house), ...held, readonly(SYSTEM_PROGRAM)],
    write: (w) =>
      w
        .bytes(addressBytes(input.authority))
        .bytes(addressBytes(input.settler))
        .bytes(input.receiptKey, 32)
        .bytes(addressBytes(mint))
        .bytes(input.genesisHash, 32)
        .u64(input.exitDelaySlots)
        .u64(input.changeDelaySlots),
  });
}

/** Opens the next terms: `id` is the house's `currentTerms + 1`. */
export async function addTerms(input: {
  program: Address;
  authority: TransactionSigner;
  house: Address;
  id: number;
  vrfCommitment: bigint;
  profitBps: number;
}): Promise<CasinoInstruction> {
  const { program, authority, house, id } = input;
  const terms = await termsAddress({ program, house, id });
  return instruction({
    program,
    name: 'addTerms',
    accounts: [signsAndPays(authority), writable(house), writable(terms), readonly(SYSTEM_PROGRAM)],
    write: (w) => w.u32(id).field(input.vrfCommitment).u32(input.profitBps),
  });
}

/** Stores the verifying key of one circuit size, 576 bytes. Needs about 70,000 compute units. */
export async function addVerifyingKey(input: {
  program: Address;
  authority: TransactionSigner;
  house: Address;
  id: number;
  maxBets: number;
  maxVaults: number;
  key: Uint8Array;
}): Promise<CasinoInstruction> {
  const { program, authority, house, id } = input;
  const verifyingKey = await verifyingKeyAddress({ program, house, id });
  return instruction({
    program,
    name: 'addVerifyingKey',
    accounts: [signsAndPays(authority), readonly(house), writable(verifyingKey), readonly(SYSTEM_PROGRAM)],
    write: (w) => w.u16(id).u16(input.maxBets).u16(input.maxVaults).bytes(input.key, KEY_BYTES),
  });
}

/** Adds to the bankroll; anyone may. `mint` is the house's; tokens are taken from the payer's associated token account. */
export async function fundHouse(input: {
  program: Address;
  payer: TransactionSigner;
  house: Address;
  mint?: Address;
  amount: bigint;
}): Promise<CasinoInstruction> {
  const { program, house } = input;
  const { payer, others } = await inflowAccounts(input);
  return instruction({
    program,
    name: 'fundHouse',
    accounts: [payer, writable(house), ...others],
    write: (w) => w.u64(input.amount),
  });
}

/** Takes the lead: `leader` is the authority or the settler, `from` the house's epoch, `nonce` random and not zero. */
export function advanceEpoch(input: {
  program: Address;
  leader: TransactionSigner;
  house: Address;
  from: bigint;
  to: bigint;
  nonce: bigint;
}): CasinoInstruction {
  return instruction({
    program: input.program,
    name: 'advanceEpoch',
    accounts: [signs(input.leader), writable(input.house)],
    write: (w) => w.u64(input.from).u64(input.to).u64(input.nonce),
  });
}
