import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Address, getSolanaErrorFromTransactionError } from '@solana/kit';
import {
  associatedTokenAddress,
  type CasinoInstruction,
  type InstructionName,
  PROGRAM_ERRORS,
  programErrorOf,
  termsAddress,
  verifyingKeyAddress,
} from '../client/index.ts';
import idl from '../idl.json' with { type: 'json' };
import { FOREIGN_TOKENS, LISTS, STATE, upper } from './account-lists.ts';
import { type Outcome, PROGRAM, signerNamed } from './chain.ts';
import { forged, makeStage, type Stage, substitute, withData, withoutSignature, withoutWrite } from './stage.ts';
import { makeToken, TOKEN_2022 } from './tokens.ts';

const SYSTEM_PROGRAM = '11111111111111111111111111111111' as Address;

/** What another house's account of the same kind must be refused with, by instruction and account. */
const FOREIGN: Record<string, Record<string, string>> = {
  initHouse: { house: 'WRONG_ESCROW_ADDRESS', escrow: 'WRONG_ESCROW_ADDRESS' },
  addTerms: { house: 'WRONG_AUTHORITY', terms: 'WRONG_TERMS_ADDRESS' },
  addVerifyingKey: { house: 'WRONG_AUTHORITY', verifyingKey: 'WRONG_VERIFYING_KEY_ADDRESS' },
  openVault: { house: 'WRONG_VAULT_ADDRESS', vault: 'WRONG_VAULT_ADDRESS' },
  deposit: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE', escrow: 'WRONG_ESCROW_ADDRESS' },
  requestWithdrawal: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE' },
  settleBatch: { house: 'WRONG_SETTLER', terms: 'WRONG_TERMS_HOUSE', verifyingKey: 'WRONG_VERIFYING_KEY_HOUSE' },
  settleTransfers: { house: 'WRONG_SETTLER' },
  claim: { owner: 'WRONG_OWNER', house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE', escrow: 'WRONG_ESCROW_ADDRESS' },
  forceExit: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE' },
  rotateSessionKey: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE' },
  challenge: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE' },
  escalateChallenge: { house: 'WRONG_VAULT_HOUSE', vault: 'WRONG_VAULT_HOUSE' },
  fundHouse: { house: 'WRONG_ESCROW_ADDRESS', escrow: 'WRONG_ESCROW_ADDRESS' },
  advanceEpoch: { house: 'WRONG_LEADER' },
  retireVerifyingKey: { house: 'WRONG_AUTHORITY', verifyingKey: 'WRONG_VERIFYING_KEY_HOUSE' },
  requestHouseWithdrawal: { house: 'WRONG_AUTHORITY' },
  payHouseWithdrawal: { house: 'WRONG_AUTHORITY', escrow: 'WRONG_ESCROW_ADDRESS' },
  setSettler: { house: 'WRONG_AUTHORITY' },
  scheduleChange: { house: 'WRONG_AUTHORITY' },
  applyChange: { house: 'WRONG_AUTHORITY' },
  setPaused: { house: 'WRONG_AUTHORITY' },
};

/** Accounts that an instruction makes: a look-alike there is at a wrong address, whatever it holds. */
const CREATED: Record<string, string> = {
  'initHouse.house': 'WRONG_ESCROW_ADDRESS',
  'addTerms.terms': 'WRONG_TERMS_ADDRESS',
  'addVerifyingKey.verifyingKey': 'WRONG_VERIFYING_KEY_ADDRESS',
  'openVault.vault': 'WRONG_VAULT_ADDRESS',
};

let stage: Stage;
let nativeStage: Stage;
let tokenStage: Stage;
let foreignMint: Address;
before(async () => {
  nativeStage = await makeStage();
  tokenStage = await makeStage(true);
  foreignMint = (await makeToken(tokenStage.chain, 'foreign')).mint;
  stage = nativeStage;
});

async function foreignAccount(name: string): Promise<Address> {
  const { house, vault } = stage.other;
  const terms = await termsAddress({ program: PROGRAM, house: house.address, id: 1 });
  const verifyingKey = await verifyingKeyAddress({ program: PROGRAM, house: house.address, id: 1 });
  const all: Record<string, Address> = {
    creator: house.creator.address,
    house: house.address,
    escrow: house.escrow,
    terms,
    verifyingKey,
    vault: vault.address,
    owner: vault.owner.address,
  };
  if (house.token === undefined) return all[name] as Address;
  const { mint } = house;
  const ofTokens: Record<string, Address> = {
    mint: foreignMint,
    escrowToken: await associatedTokenAddress({ owner: house.escrow, mint }),
    payerToken: await associatedTokenAddress({ owner: vault.owner.address, mint }),
    ownerToken: await associatedTokenAddress({ owner: vault.owner.address, mint }),
    authorityToken: await associatedTokenAddress({ owner: house.authority.address, mint }),
  };
  return (ofTokens[name] ?? all[name]) as Address;
}

/** Runs the step with a copy of what lies at the address, elsewhere and owned by another program (or this one, as nobody could). */
async function withCopy(address: Address, owner: Address, step: (copy: Address) => Promise<Outcome>): Promise<Outcome> {
  const copy = (await signerNamed(`copy of ${address}`)).address;
  const original = stage.chain.account(address);
  stage.chain.svm.setAccount({ ...original, address: copy, programAddress: owner });
  const outcome = await step(copy);
  stage.chain.svm.setAccount({ ...original, address: copy, programAddress: SYSTEM_PROGRAM, data: new Uint8Array(), space: 0n });
  return outcome;
}

async function refuseForgedTokens(instruction: CasinoInstruction, index: number, named: boolean): Promise<void> {
  const address = instruction.accounts[index]?.address as Address;
  const attempt = async (forge: Parameters<typeof stage.chain.withForged>[1]) =>
    (await stage.chain.withForged(address, forge, () => stage.send(instruction))).error;
  assert.equal(await attempt((a) => ({ ...a, programAddress: TOKEN_2022 })), 'WRONG_TOKEN_ACCOUNT_PROGRAM');
  assert.equal(await attempt((a) => ({ ...a, data: a.data.slice(1) })), 'WRONG_TOKEN_ACCOUNT_SIZE');
  assert.equal(await attempt((a) => ({ ...a, data: Uint8Array.from([...a.data, 0]) })), 'WRONG_TOKEN_ACCOUNT_SIZE');
  assert.equal(await attempt(forged(108, [0])), 'EMPTY_TOKEN_ACCOUNT');
  assert.equal(await attempt(forged(108, [2])), 'FROZEN_TOKEN_ACCOUNT');
  if (named) return;
  assert.equal(await attempt(forged(0, [0, 0])), 'WRONG_TOKEN_ACCOUNT_MINT');
  assert.equal(await attempt(forged(32, [0, 0])), 'WRONG_TOKEN_ACCOUNT_OWNER');
}

function testProgram(account: string, index: number, valid: () => Promise<CasinoInstruction>): void {
  if (!account.endsWith('Program')) return;
  test(`another program in the place of ${account} is refused`, async () => {
    for (const other of [PROGRAM, TOKEN_2022]) {
      const { error } = await stage.send(substitute(await valid(), index, other));
      assert.equal(error, `WRONG_${upper(account)}`);
    }
  });
}

function testTokens(
  account: string,
  index: number,
  { name, valid }: { name: string; valid: () => Promise<CasinoInstruction> },
): void {
  if (!account.endsWith('Token')) return;
  // The escrow's own was checked when the house was made, and is named by the house.
  const named = account === 'escrowToken' && name !== 'initHouse';
  test(`${account} is refused with another program, size or state${named ? '' : ', mint or owner'}`, async () => {
    await refuseForgedTokens(await valid(), index, named);
  });
}

for (const { name, accounts, tokens } of LISTS) {
  const foreigners = tokens ? FOREIGN_TOKENS : FOREIGN;
  const valid = () => stage.valid[name]();
  describe(tokens ? `${name} of tokens` : name, () => {
    before(() => {
      stage = tokens ? tokenStage : nativeStage;
    });

    test('its example lands in a simulation, so that the refusals below have their stated cause', async () => {
      const outcome = await stage.chain.simulate(stage.transaction(await valid()));
      assert.equal(outcome, undefined);
    });

    for (const [index, account] of accounts.entries()) {
      const subject = account.name.endsWith('Token') ? 'TOKEN_ACCOUNT' : upper(account.name);
      if (account.signer) {
        test(`${account.name} must sign`, async () => {
          const { error } = await stage.send(withoutSignature(await valid(), index));
          assert.equal(error, `MISSING_${subject}_SIGNATURE`);
        });
      }
      if (account.writable) {
        test(`${account.name} must be writable`, async () => {
          const { error } = await stage.send(withoutWrite(await valid(), index));
          assert.equal(error, `READONLY_${subject}`);
        });
      }
      const foreign = foreigners[name]?.[account.name];
      if (foreign !== undefined && !account.signer) {
        test(`${account.name} of another house is refused`, async () => {
          const { error } = await stage.send(substitute(await valid(), index, await foreignAccount(account.name)));
          assert.equal(error, foreign);
        });
      }
      if (account.name === 'instructionsSysvar') {
        test('a copy of the instructions sysvar is refused, whoever owns it', async () => {
          const instruction = await valid();
          for (const owner of [PROGRAM, SYSTEM_PROGRAM, 'Sysvar1111111111111111111111111111111111111' as Address]) {
            const { error } = await withCopy(stage.house.address, owner, (copy) =>
              stage.send(substitute(instruction, index, copy)),
            );
            assert.equal(error, 'WRONG_INSTRUCTIONS_SYSVAR');
          }
        });
      }
      testProgram(account.name, index, valid);
      testTokens(account.name, index, { name, valid });
      if (STATE.includes(account.name)) {
        const created = CREATED[`${name}.${account.name}`];
        test(`a copy of ${account.name} that another program owns is refused`, async () => {
          const instruction = await valid();
          const original =
            created === undefined ? (instruction.accounts[index]?.address as Address) : await foreignAccount(account.name);
          const { error } = await withCopy(original, SYSTEM_PROGRAM, (copy) => stage.send(substitute(instruction, index, copy)));
          assert.equal(error, created ?? `WRONG_${subject}_PROGRAM`);
        });
      }
      if (STATE.includes(account.name) && CREATED[`${name}.${account.name}`] === undefined) {
        test(`${account.name} is refused at another address, and with another size, discriminator or version`, async () => {
          const instruction = await valid();
          const original = instruction.accounts[index]?.address as Address;
          const misplaced = await withCopy(original, PROGRAM, (copy) => stage.send(substitute(instruction, index, copy)));
          assert.equal(misplaced.error, `WRONG_${subject}_ADDRESS`);
          const attempt = async (forge: Parameters<typeof stage.chain.withForged>[1]) =>
            (await stage.chain.withForged(original, forge, () => stage.send(instruction))).error;
          assert.equal(await attempt((a) => ({ ...a, data: a.data.slice(1) })), `WRONG_${subject}_SIZE`);
          assert.equal(await attempt((a) => ({ ...a, data: Uint8Array.from([...a.data, 0]) })), `WRONG_${subject}_SIZE`);
          assert.equal(await attempt(forged(0, [0])), `WRONG_${subject}_DISCRIMINATOR`);
          assert.equal(await attempt(forged(8, [2])), `WRONG_${subject}_VERSION`);
          assert.equal(await attempt(forged(9, [1])), `WRONG_${subject}_ADDRESS`);
        });
      }
    }

    test('accounts missing or left over are refused', async () => {
      const instruction = await valid();
      const missing = { ...instruction, accounts: instruction.accounts.slice(0, -1) };
      const extra = { ...instruction, accounts: [...instruction.accounts, { address: PROGRAM, role: 0 }] };
      assert.equal((await stage.send(missing)).error, 'WRONG_ACCOUNT_COUNT');
      assert.equal((await stage.send(extra)).error, 'WRONG_ACCOUNT_COUNT');
    });

    test('every account in the place of every other is refused', async () => {
      const instruction = await valid();
      for (const [index, target] of instruction.accounts.entries()) {
        for (const source of instruction.accounts) {
          // An owner may pay for its own vault.
          const ownerPays = name === 'openVault' && index === 0 && source === instruction.accounts[1];
          if (source.address === target.address || ownerPays) continue;
          const { error } = await stage.send(substitute(instruction, index, source.address));
          assert.ok(error !== undefined, `${source.address} in the place of account ${index}`);
        }
      }
    });

    test('data cut short anywhere or with bytes left over is refused', async () => {
      const instruction = await valid();
      for (let length = 1; length < instruction.data.length; length += 1) {
        const { error } = await stage.send(withData(instruction, (data) => data.slice(0, length)));
        assert.equal(error, 'WRONG_DATA_SIZE', `${length} bytes`);
      }
      const { error } = await stage.send(withData(instruction, (data) => Uint8Array.from([...data, 0])));
      assert.equal(error, 'WRONG_DATA_SIZE');
    });
  });
}

test('native accounts in a house of tokens, and the other way round, are a wrong count', async () => {
  for (const { name, splAccounts } of idl.instructions) {
    if (splAccounts === undefined) continue;
    for (const [here, there] of [
      [nativeStage, tokenStage],
      [tokenStage, nativeStage],
    ] as const) {
      const ours: CasinoInstruction = await here.valid[name as InstructionName]();
      const theirs: CasinoInstruction = await there.valid[name as InstructionName]();
      // The house's own accounts, with what comes after them in the other kind's list.
      const own = name === 'deposit' || name === 'claim' ? 3 : 2;
      const mixed: CasinoInstruction = { ...ours, accounts: [...ours.accounts.slice(0, own), ...theirs.accounts.slice(own)] };
      assert.equal((await here.send(mixed)).error, 'WRONG_ACCOUNT_COUNT', name);
    }
  }
});

test('numbers that name no instruction are refused, and so is no data at all', async () => {
  stage = nativeStage;
  const instruction = await stage.valid.advanceEpoch();
  const used = new Set(idl.instructions.map(({ discriminant }) => discriminant));
  for (let number = 0; number < 256; number += 1) {
    if (used.has(number)) continue;
    const { error } = await stage.send(withData(instruction, (data) => Uint8Array.from([number, ...data.slice(1)])));
    assert.equal(error, 'UNKNOWN_INSTRUCTION', `number ${number}`);
  }
  assert.equal((await stage.send(withData(instruction, () => new Uint8Array()))).error, 'WRONG_DATA_SIZE');
});

test("a program error is found in the RPC's form, and in kit's, however deep its cause", () => {
  const failure = { InstructionError: [2, { Custom: 6000 }] };
  assert.deepEqual(programErrorOf(failure), {
    ...PROGRAM_ERRORS.UNKNOWN_INSTRUCTION,
    name: 'UNKNOWN_INSTRUCTION',
    instruction: 2,
  });
  const fromKit = getSolanaErrorFromTransactionError(failure);
  assert.equal(programErrorOf(fromKit)?.name, 'UNKNOWN_INSTRUCTION');
  assert.equal(programErrorOf(new Error('preflight', { cause: fromKit }))?.instruction, 2);
  assert.equal(programErrorOf({ InstructionError: [2, { Custom: 1 }] }), undefined);
  assert.equal(programErrorOf({ InstructionError: [2, 'InvalidArgument'] }), undefined);
  assert.equal(programErrorOf('AccountNotFound'), undefined);
});
