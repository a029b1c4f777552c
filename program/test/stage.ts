import { type AccountMeta, AccountRole, type Address, type EncodedAccount } from '@solana/kit';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  type CasinoInstruction,
  claim,
  deposit,
  forceExit,
  fundHouse,
  type InstructionName,
  initHouse,
  openVault,
  requestWithdrawal,
  rotateSessionKey,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL, type Outcome } from './chain.ts';
import { settlement } from './settlement.ts';
import { keyBytes, TRAPDOOR } from './trapdoor.ts';
import {
  EXIT_DELAY_SLOTS,
  houseArguments,
  LEADER,
  makeHouse,
  makeVaults,
  makeWorld,
  PROFIT_BPS,
  program,
  readHouse,
  type TestHouse,
  type TestVault,
  type World,
} from './world.ts';

const SOL = LAMPORTS_PER_SOL;

/** A world with a second house, in which every instruction has a valid example. Refused transactions leave it as it was. */
export interface Stage extends World {
  other: { house: TestHouse; vault: TestVault };
  /** A vault of the first house with something claimable. */
  claimer: TestVault;
  /** One whose request is past its deadline. */
  exiter: TestVault;
  /** An instruction that would land, of each kind. */
  valid: Record<InstructionName, () => Promise<CasinoInstruction>>;
  send(instruction: CasinoInstruction): Promise<Outcome>;
}

export async function makeStage(): Promise<Stage> {
  const world = await makeWorld(5);
  const { chain, house } = world;
  const [claimer, exiter, ...vaults] = world.vaults as [TestVault, TestVault, ...TestVault[]];
  await chain.land([
    await requestWithdrawal({ program, owner: claimer.owner, house: house.address, amount: SOL }),
    await requestWithdrawal({ program, owner: exiter.owner, house: house.address, amount: SOL }),
    settleTransfers({
      program,
      settler: house.settler,
      house: house.address,
      transferNumber: 1n,
      ...LEADER,
      transfers: [{ vault: claimer.address, consume: 2n * SOL, pay: true }],
    }),
  ]);
  const otherHouse = await makeHouse(chain, 'other');
  const [otherVault] = await makeVaults(chain, otherHouse, 1, 'other owner');
  chain.svm.warpToSlot(chain.slot + EXIT_DELAY_SLOTS + 1n);
  const base = { ...world, vaults, claimer, exiter, other: { house: otherHouse, vault: otherVault as TestVault } };
  return { ...base, valid: await validInstructions(base), send: (instruction) => chain.send([instruction]) };
}

async function validInstructions(stage: Omit<Stage, 'valid' | 'send'>): Promise<Stage['valid']> {
  const { chain, house, vaults, claimer, exiter } = stage;
  const [first, second] = vaults as [TestVault, TestVault];
  const { authority, settler } = house;
  const newHouse = await houseArguments(chain, 'new');
  const payer = await chain.signer('payer');
  const newcomer = await chain.signer('newcomer');
  const at = { program, house: house.address };
  const size = { maxBets: 16, maxVaults: 4, key: keyBytes(TRAPDOOR) };
  const { leaderEpoch } = LEADER;
  const transfers = [
    { vault: first.address, consume: SOL, pay: false },
    { vault: second.address, consume: 0n, pay: true },
  ];
  return {
    initHouse: () => initHouse(newHouse),
    addTerms: () => addTerms({ ...at, authority, id: 2, vrfCommitment: 5n, profitBps: PROFIT_BPS }),
    addVerifyingKey: () => addVerifyingKey({ ...at, authority, id: 9, ...size }),
    openVault: () => openVault({ ...at, payer, owner: newcomer, sessionKeyHash: 5n }),
    deposit: () => deposit({ ...at, payer, owner: first.owner.address, amount: SOL }),
    requestWithdrawal: () => requestWithdrawal({ ...at, owner: first.owner, amount: SOL }),
    settleBatch: () => settlement(chain, house, { runs: [{ vault: first, consume: SOL, delta: SOL }, { vault: second }] }),
    settleTransfers: async () => {
      const transferNumber = readHouse(chain, house).lastTransfer + 1n;
      return settleTransfers({ ...at, settler, transferNumber, ...LEADER, transfers });
    },
    claim: () => claim({ ...at, owner: claimer.owner.address }),
    forceExit: () => forceExit({ ...at, owner: exiter.owner }),
    rotateSessionKey: () => rotateSessionKey({ ...at, owner: first.owner, sessionKeyHash: 6n, from: chain.slot }),
    fundHouse: () => fundHouse({ ...at, payer, amount: SOL }),
    advanceEpoch: async () => advanceEpoch({ ...at, leader: settler, from: leaderEpoch, to: leaderEpoch + 1n, nonce: 1n }),
  };
}

/** The instruction with account `index` replaced. */
export function withAccount(instruction: CasinoInstruction, index: number, account: Partial<AccountMeta>): CasinoInstruction {
  const accounts = instruction.accounts.map((meta, position) => {
    if (position !== index) return meta;
    const { address, role } = { ...meta, ...account };
    // A signer stays attached only if it still is that account's and still signs.
    return 'signer' in meta && address === meta.address && role >= AccountRole.READONLY_SIGNER
      ? { ...meta, role }
      : { address, role };
  });
  return { ...instruction, accounts };
}

/** The instruction with account `index` at another address, its writability kept, not signing. */
export function substitute(instruction: CasinoInstruction, index: number, address: Address): CasinoInstruction {
  const role = isWritable(instruction, index) ? AccountRole.WRITABLE : AccountRole.READONLY;
  return withAccount(instruction, index, { address, role });
}

const roleOf = (instruction: CasinoInstruction, index: number): AccountRole =>
  instruction.accounts[index]?.role ?? AccountRole.READONLY;
const isWritable = (instruction: CasinoInstruction, index: number): boolean => (roleOf(instruction, index) & 1) === 1;

export function withoutSignature(instruction: CasinoInstruction, index: number): CasinoInstruction {
  return withAccount(instruction, index, { role: roleOf(instruction, index) & 1 });
}

export function withoutWrite(instruction: CasinoInstruction, index: number): CasinoInstruction {
  return withAccount(instruction, index, { role: roleOf(instruction, index) & 2 });
}

/** The instruction with its data replaced by what `edit` makes of a copy. */
export function withData(instruction: CasinoInstruction, edit: (data: Uint8Array) => Uint8Array): CasinoInstruction {
  return { ...instruction, data: edit(Uint8Array.from(instruction.data)) };
}

/** Writes `bytes` at the offset. */
export function patch(offset: number, bytes: ArrayLike<number>): (data: Uint8Array) => Uint8Array {
  return (data) => {
    data.set(bytes, offset);
    return data;
  };
}

/** The account with bytes of its data replaced. */
export const forged =
  (offset: number, bytes: ArrayLike<number>) =>
  (account: EncodedAccount): EncodedAccount => ({ ...account, data: patch(offset, bytes)(Uint8Array.from(account.data)) });

/** Eight little-endian bytes. */
export function u64(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
