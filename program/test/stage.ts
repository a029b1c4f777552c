import { type AccountMeta, AccountRole, type Address, type EncodedAccount, type Instruction } from '@solana/kit';
import {
  addTerms,
  addVerifyingKey,
  advanceEpoch,
  applyChange,
  type CasinoInstruction,
  challenge,
  claim,
  deposit,
  escalateChallenge,
  forceExit,
  fundHouse,
  INSTRUCTION_NUMBERS,
  type InstructionName,
  initHouse,
  openVault,
  payHouseWithdrawal,
  requestHouseWithdrawal,
  requestWithdrawal,
  retireVerifyingKey,
  rotateSessionKey,
  scheduleChange,
  setPaused,
  setSettler,
  settleTransfers,
} from '../client/index.ts';
import { LAMPORTS_PER_SOL, type Outcome } from './chain.ts';
import { receiptFor } from './receipts.ts';
import { settlement } from './settlement.ts';
import { giveTokens } from './tokens.ts';
import { keyBytes, TRAPDOOR } from './trapdoor.ts';
import {
  CHANGE_DELAY_SLOTS,
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
/** The slot in which the stage stands: what was announced in slot 1,000 is due. */
export const STAGE_SLOT = 1_000n + CHANGE_DELAY_SLOTS;
const RECEIPT_KEY = new Uint8Array(32).fill(9);

/** A world with a second house, in which every instruction has a valid example. Refused transactions leave it as it was. */
export interface Stage extends World {
  other: { house: TestHouse; vault: TestVault };
  /** A vault of the first house with something claimable. */
  claimer: TestVault;
  /** One whose request is past its deadline. */
  exiter: TestVault;
  /** One whose challenge is older than the exit delay. */
  challenger: TestVault;
  /** An instruction that would land, of each kind; all of them would, one after the other in this order. */
  valid: Record<InstructionName, () => Promise<CasinoInstruction>>;
  /** The instruction behind those that it needs in its transaction: a challenge needs a receipt for the first vault verified. */
  transaction(instruction: CasinoInstruction): Instruction[];
  send(instruction: CasinoInstruction): Promise<Outcome>;
}

export async function makeStage(ofToken = false): Promise<Stage> {
  const world = await makeWorld(6, ofToken);
  const { chain, house } = world;
  const [claimer, exiter, challenger, ...vaults] = world.vaults as [TestVault, TestVault, TestVault, ...TestVault[]];
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
  await chain.land([
    receiptFor(house, challenger, { balanceAfter: 8n * SOL }),
    await challenge({ program, owner: challenger.owner, house: house.address }),
  ]);
  await announce(world);
  const otherHouse = await makeHouse(chain, 'other', house.token);
  const [otherVault] = await makeVaults(chain, otherHouse, 1, 'other owner');
  const base = { ...world, vaults, claimer, exiter, challenger, other: { house: otherHouse, vault: otherVault as TestVault } };
  const transaction = (instruction: CasinoInstruction): Instruction[] =>
    instruction.data[0] === INSTRUCTION_NUMBERS.challenge
      ? [receiptFor(house, vaults[0] as TestVault), instruction]
      : [instruction];
  const send = (instruction: CasinoInstruction) => chain.send(transaction(instruction));
  return { ...base, valid: await validInstructions(base), transaction, send };
}

/** A new authority and a withdrawal of the house's, both due at the stage's slot. */
async function announce({ chain, house }: World): Promise<void> {
  const { address: newAuthority } = await chain.signer('new authority');
  const at = { program, authority: house.authority, house: house.address };
  await chain.land([
    scheduleChange({ ...at, change: { kind: 'authority', authority: newAuthority } }),
    requestHouseWithdrawal({ ...at, amount: 10n * SOL }),
  ]);
  chain.svm.warpToSlot(STAGE_SLOT);
}

async function validInstructions(stage: Omit<Stage, 'valid' | 'transaction' | 'send'>): Promise<Stage['valid']> {
  const { chain, house, vaults, claimer, exiter, challenger } = stage;
  const [first, second] = vaults as [TestVault, TestVault];
  const { authority, settler } = house;
  const newHouse = await houseArguments(chain, 'new', house.token);
  const payer = await chain.signer('payer');
  if (house.token !== undefined) await giveTokens(chain, house.token, payer.address);
  const newcomer = await chain.signer('newcomer');
  const newAuthority = await chain.signer('new authority');
  const at = { program, house: house.address, mint: house.mint };
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
    challenge: () => challenge({ ...at, owner: first.owner }),
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
    retireVerifyingKey: () => retireVerifyingKey({ ...at, authority, id: 2 }),
    payHouseWithdrawal: () => payHouseWithdrawal({ ...at, authority }),
    escalateChallenge: async () => escalateChallenge({ ...at, vault: challenger.address }),
    requestHouseWithdrawal: async () => requestHouseWithdrawal({ ...at, authority, amount: SOL }),
    setSettler: async () => setSettler({ ...at, authority, settler: newcomer.address }),
    scheduleChange: async () => scheduleChange({ ...at, authority, change: { kind: 'receiptKey', receiptKey: RECEIPT_KEY } }),
    setPaused: async () => setPaused({ ...at, authority, paused: true }),
    applyChange: async () => applyChange({ ...at, authority, kind: 'authority', newAuthority }),
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
