import { FIELD_ORDER } from '../../protocol/field.ts';
import { forceExit, rotateSessionKey } from '../client/index.ts';
import type { Refusal } from './refusal.ts';
import { forged, type Stage, substitute, u64, withData } from './stage.ts';
import { CHANGE_DELAY_SLOTS, program, type TestVault } from './world.ts';

const HUGE = 0xffff_ffff_ffff_ffffn;
const bytesOf = (value: bigint): Uint8Array => Buffer.from(value.toString(16).padStart(64, '0'), 'hex');

type Rotation = Partial<Parameters<typeof rotateSessionKey>[0]>;
const rotate = (change: (stage: Stage) => Rotation) => async (stage: Stage) => {
  const names = { program, house: stage.house.address, owner: stage.vaults[0]!.owner };
  return stage.send(await rotateSessionKey({ ...names, sessionKeyHash: 6n, from: stage.chain.slot, ...change(stage) }));
};
const rotateWith = (hash: Uint8Array) => async (stage: Stage) =>
  stage.send(
    withData(await stage.valid.rotateSessionKey(), (data) => Uint8Array.from([...data.slice(0, 1), ...hash, ...data.slice(33)])),
  );

/** Sends the valid instruction while bytes of the house, or of the vault that it names, read otherwise. */
const whileHouse = (name: keyof Stage['valid'], offset: number, bytes: ArrayLike<number>) => async (stage: Stage) => {
  const instruction = await stage.valid[name]();
  return stage.chain.withForged(stage.house.address, forged(offset, bytes), () => stage.send(instruction));
};
const whileVault =
  (name: keyof Stage['valid'], offset: number, bytes: (stage: Stage) => ArrayLike<number>) => async (stage: Stage) => {
    const instruction = await stage.valid[name]();
    const vault = instruction.accounts[2]!.address;
    return stage.chain.withForged(vault, forged(offset, bytes(stage)), () => stage.send(instruction));
  };
/** The valid instruction of one owner with another owner's vault in it. */
const withVaultOf = (name: keyof Stage['valid'], vault: (stage: Stage) => TestVault) => async (stage: Stage) =>
  stage.send(substitute(await stage.valid[name](), 2, vault(stage).address));

const second = (stage: Stage): TestVault => stage.vaults[1]!;

export const ownerRefusals: Refusal[] = [
  ['WRONG_OWNER', "an exit of another owner's vault", withVaultOf('forceExit', second)],
  ['FROZEN_VAULT', 'a second exit', whileVault('forceExit', 10, () => [1])],
  [
    'EMPTY_REQUEST',
    'an exit without a request',
    async (stage) => stage.send(await forceExit({ program, owner: stage.vaults[0]!.owner, house: stage.house.address })),
  ],
  ['INACTIVE_EXIT', 'an exit in the deadline slot', whileVault('forceExit', 240, ({ chain }) => u64(chain.slot))],
  ['INACTIVE_EXIT', 'an exit whose deadline never comes', whileVault('forceExit', 240, () => u64(HUGE))],
  ['EXCEEDED_U64', 'an exit with more than 64 bits hold', whileVault('forceExit', 208, () => [...u64(HUGE), ...u64(1n)])],
  ['EXCEEDED_U64', 'an exit to more claimable than 64 bits hold', whileVault('forceExit', 224, () => u64(HUGE))],
  ['EXCEEDED_U64', 'an exit that releases more than is reserved', whileVault('forceExit', 264, () => u64(HUGE))],
  ['EXCEEDED_U64', 'an exit that releases a challenge not counted as overdue', whileVault('forceExit', 312, () => [1])],

  ['WRONG_OWNER', "a rotation of another owner's key", withVaultOf('rotateSessionKey', second)],
  ['FROZEN_VAULT', "a rotation of a frozen vault's key", whileVault('rotateSessionKey', 10, () => [1])],
  ['ZERO_SESSION_KEY', 'a rotation to no key', rotate(() => ({ sessionKeyHash: 0n }))],
  ['INVALID_SESSION_KEY', 'a rotation to a key hash of r', rotateWith(bytesOf(FIELD_ORDER))],
  ['INVALID_SESSION_KEY', 'a rotation to a key hash of all ones', rotateWith(new Uint8Array(32).fill(255))],
  ['EXISTING_SESSION_KEY', 'a rotation to the present key', whileVault('rotateSessionKey', 112, () => bytesOf(6n))],
  ['INVALID_KEY_START', 'a key from slot 0', rotate(() => ({ from: 0n }))],
  ['INVALID_KEY_START', 'a key from the last slot', rotate(({ chain }) => ({ from: chain.slot - 1n }))],
  [
    'INVALID_KEY_START',
    'a key from beyond the change delay',
    rotate(({ chain }) => ({ from: chain.slot + CHANGE_DELAY_SLOTS + 1n })),
  ],
  ['INVALID_KEY_START', 'a key that never starts', rotate(() => ({ from: HUGE }))],
  ['EXCEEDED_U64', 'a latest start beyond 64 bits', whileHouse('rotateSessionKey', 376, u64(HUGE))],
  ['EXCEEDED_U64', 'a last slot beyond 64 bits', whileHouse('rotateSessionKey', 368, u64(HUGE))],
  [
    'EXISTING_ROTATION',
    'a rotation in the last slot of the key before',
    whileVault('rotateSessionKey', 200, ({ chain }) => u64(chain.slot)),
  ],
  ['EXISTING_ROTATION', 'a rotation of a vault with two present keys', whileVault('rotateSessionKey', 200, () => u64(HUGE))],
  ['RETIRED_KEY_SLOT', 'a rotation of a vault without a present key', whileVault('rotateSessionKey', 152, () => u64(1n))],
];
