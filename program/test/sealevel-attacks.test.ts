import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { type Address, getAddressDecoder, getProgramDerivedAddress, isOffCurveAddress } from '@solana/kit';
import {
  addTerms,
  addVerifyingKey,
  associatedTokenAddress,
  type InstructionName,
  initHouse,
  openVault,
  termsAddress,
  verifyingKeyAddress,
} from '../client/index.ts';
import { addressBytes } from '../client/instructions/build.ts';
import idl from '../idl.json' with { type: 'json' };
import { eachAccount, LISTS, STATE, upper } from './account-lists.ts';
import { signerNamed } from './chain.ts';
import { forged, makeStage, type Stage, substitute, withData, withoutSignature } from './stage.ts';
import { TOKEN_2022 } from './tokens.ts';
import { keyBytes, TRAPDOOR } from './trapdoor.ts';
import { houseArguments, program } from './world.ts';

/**
 * The classes of attack on Solana programs that the collection "sealevel-attacks" names, each tried on every instruction that it could
 * concern: `accounts.test.ts` goes account by account, this file class by class.
 */
let native: Stage;
let ofTokens: Stage;
before(async () => {
  native = await makeStage();
  ofTokens = await makeStage(true);
});

const decoder = getAddressDecoder();

const each = (pick: Parameters<typeof eachAccount>[1], attempt: Parameters<typeof eachAccount>[2]) =>
  eachAccount({ native, ofTokens }, pick, attempt);

test('signer authorization: whoever must sign is refused when it is only named', async () => {
  await each(
    ({ signer }) => signer,
    async (stage, instruction, { index, account, name }) => {
      const { error } = await stage.send(withoutSignature(instruction, index));
      assert.equal(error, `MISSING_${upper(account)}_SIGNATURE`, name);
    },
  );
});

describe('account data matching', () => {
  test("another's vault, terms, key and house are refused where they do not belong together", async () => {
    const { house, vault } = native.other;
    const at = { program, house: house.address, id: 1 };
    const [terms, key] = [await termsAddress(at), await verifyingKeyAddress(at)];
    const cases: [InstructionName, number, Address, string][] = [
      ['deposit', 2, vault.address, 'WRONG_VAULT_HOUSE'],
      ['requestWithdrawal', 2, vault.address, 'WRONG_VAULT_HOUSE'],
      ['requestWithdrawal', 2, native.vaults[1]!.address, 'WRONG_OWNER'],
      ['settleBatch', 2, terms, 'WRONG_TERMS_HOUSE'],
      ['settleBatch', 3, key, 'WRONG_VERIFYING_KEY_HOUSE'],
      ['settleBatch', 1, house.address, 'WRONG_SETTLER'],
      ['claim', 2, native.vaults[0]!.address, 'WRONG_OWNER'],
      ['forceExit', 2, vault.address, 'WRONG_VAULT_HOUSE'],
      ['forceExit', 2, native.vaults[0]!.address, 'WRONG_OWNER'],
      ['rotateSessionKey', 2, vault.address, 'WRONG_VAULT_HOUSE'],
      ['rotateSessionKey', 2, native.vaults[1]!.address, 'WRONG_OWNER'],
      ['challenge', 2, vault.address, 'WRONG_VAULT_HOUSE'],
      ['challenge', 2, native.vaults[1]!.address, 'WRONG_OWNER'],
      ['escalateChallenge', 1, vault.address, 'WRONG_VAULT_HOUSE'],
      ['retireVerifyingKey', 2, key, 'WRONG_VERIFYING_KEY_HOUSE'],
      ['payHouseWithdrawal', 1, house.address, 'WRONG_AUTHORITY'],
    ];
    for (const [name, index, address, expected] of cases) {
      const { error } = await native.send(substitute(await native.valid[name](), index, address));
      assert.equal(error, expected, name);
    }
  });

  test('a token account of another owner or mint is refused wherever tokens move', async () => {
    const own = ({ name }: { name: string }): boolean => ['payerToken', 'ownerToken', 'authorityToken'].includes(name);
    await each(own, async (stage, instruction, { index, name }) => {
      const address = instruction.accounts[index]?.address as Address;
      for (const [offset, expected] of [
        [0, 'WRONG_TOKEN_ACCOUNT_MINT'],
        [32, 'WRONG_TOKEN_ACCOUNT_OWNER'],
      ] as const) {
        const { error } = await stage.chain.withForged(address, forged(offset, [0, 0]), () => stage.send(instruction));
        assert.equal(error, expected, name);
      }
    });
  });
});

test('owner checks: the very bytes of an account are worth nothing under another program', async () => {
  await each(
    ({ name }) => STATE.includes(name) || name.endsWith('Token') || name === 'mint',
    async (stage, instruction, { index, account, name }) => {
      const address = instruction.accounts[index]?.address as Address;
      const { error } = await stage.chain.withForged(
        address,
        (before) => ({ ...before, programAddress: TOKEN_2022 }),
        () => stage.send(instruction),
      );
      const subject = account.endsWith('Token') ? 'TOKEN_ACCOUNT' : upper(account);
      assert.equal(error, account === 'mint' ? 'UNSUPPORTED_MINT' : `WRONG_${subject}_PROGRAM`, name);
    },
  );
});

describe('type cosplay', () => {
  test('an account of another type of this program is refused, of its own size', async () => {
    const { chain, house, vaults } = native;
    const at = { program, house: house.address, id: 1 };
    const others = [house.address, vaults[0]!.address, await termsAddress(at), await verifyingKeyAddress(at)];
    await each(
      ({ name }) => STATE.includes(name),
      async (stage, instruction, { index, account, name }) => {
        if (stage !== native) return;
        const size = chain.account(instruction.accounts[index]?.address as Address).data.length;
        for (const other of others.filter((address) => chain.account(address).data.length !== size)) {
          const { error } = await stage.send(substitute(instruction, index, other));
          // A settlement's vaults are out of order before they are of another size.
          if (error !== 'WRONG_VAULT_ORDER') assert.equal(error, `WRONG_${upper(account)}_SIZE`, name);
        }
      },
    );
  });

  test('and of the right size, for its discriminator', async () => {
    const tags = idl.accounts.map(({ discriminator }) => new TextEncoder().encode(discriminator.padEnd(8, '\0')));
    await each(
      ({ name }) => STATE.includes(name),
      async (stage, instruction, { index, account, name }) => {
        const address = instruction.accounts[index]?.address as Address;
        const own = Buffer.from(stage.chain.account(address).data.slice(0, 8));
        for (const tag of tags.filter((entry) => !own.equals(entry))) {
          const { error } = await stage.chain.withForged(address, forged(0, tag), () => stage.send(instruction));
          assert.equal(error, `WRONG_${upper(account)}_DISCRIMINATOR`, name);
        }
      },
    );
  });

  test("a mint in a token account's place is refused, and the other way round", async () => {
    const { mint, escrow } = ofTokens.house;
    const escrowToken = await associatedTokenAddress({ owner: escrow, mint });
    const paying = substitute(await ofTokens.valid.deposit(), 3, mint);
    assert.equal((await ofTokens.send(paying)).error, 'WRONG_TOKEN_ACCOUNT_SIZE');
    const instruction = withData(await ofTokens.valid.initHouse(), (data) => {
      data.set(addressBytes(escrowToken), 97);
      return data;
    });
    const { creator } = await houseArguments(ofTokens.chain, 'new', ofTokens.house.token);
    const seeds = ['house', addressBytes(creator.address), addressBytes(escrowToken)];
    const [house] = await getProgramDerivedAddress({ programAddress: program, seeds });
    const [otherEscrow] = await getProgramDerivedAddress({ programAddress: program, seeds: ['escrow', addressBytes(house)] });
    const made = [house, otherEscrow, escrowToken].reduce(
      (changed, address, position) => substitute(changed, position + 1, address),
      instruction,
    );
    assert.equal((await ofTokens.send(made)).error, 'UNSUPPORTED_MINT');
  });
});

test('initialization: nothing that exists is made again, so no counter, balance or key starts anew', async () => {
  for (const { chain, house, vaults, send } of [native, ofTokens]) {
    const { authority, creator, address, token, mint } = house;
    const { owner } = vaults[0]!;
    const at = { program, authority, house: address };
    const input = { ...(await houseArguments(chain, 'new', token)), creator, mint };
    assert.equal((await send(await initHouse(input))).error, 'EXISTING_HOUSE');
    const key = { id: 1, maxBets: 16, maxVaults: 4, key: keyBytes(TRAPDOOR) };
    assert.equal((await send(await addVerifyingKey({ ...at, ...key }))).error, 'EXISTING_VERIFYING_KEY');
    const opening = await openVault({ program, payer: owner, owner, house: address, sessionKeyHash: 5n });
    assert.equal((await send(opening)).error, 'EXISTING_VAULT');
    const terms = await addTerms({ ...at, id: 1, vrfCommitment: 5n, profitBps: 1 });
    const forgotten = await chain.withForged(address, forged(12, [0, 0, 0, 0]), () => send(terms));
    assert.equal(forgotten.error, 'EXISTING_TERMS');
  }
});

test('arbitrary cpi: no program but the system program and the classic Token program is ever called', async () => {
  await each(
    ({ name }) => name.endsWith('Program'),
    async (stage, instruction, { index, account, name }) => {
      const own = instruction.accounts[index]?.address;
      const programs = ['11111111111111111111111111111111', 'TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA', TOKEN_2022, program];
      for (const other of programs.filter((address) => address !== own)) {
        const { error } = await stage.send(substitute(instruction, index, other as Address));
        assert.equal(error, `WRONG_${upper(account)}`, name);
      }
    },
  );
});

test('duplicate mutable accounts: one account in two places is refused', async () => {
  for (const name of ['settleBatch', 'settleTransfers'] as const) {
    const instruction = await native.valid[name]();
    const vaults = instruction.accounts.length;
    const first = instruction.accounts[vaults - 2]?.address as Address;
    assert.equal((await native.send(substitute(instruction, vaults - 1, first))).error, 'WRONG_VAULT_ORDER', name);
  }
  for (const { name, accounts, tokens } of LISTS) {
    const stage = tokens ? ofTokens : native;
    const instruction = await stage.valid[name]();
    for (const [index, target] of accounts.entries()) {
      for (const [position, source] of accounts.entries()) {
        if (position === index || !target.writable || !source.writable || target.signer) continue;
        const { error } = await stage.send(substitute(instruction, index, instruction.accounts[position]?.address as Address));
        assert.ok(error !== undefined, `${name}: ${source.name} as ${target.name}`);
      }
    }
  }
});

/** The first address of the seeds below the canonical one that is off the curve as well. */
async function belowCanonical(seeds: Uint8Array[]): Promise<Address> {
  const [, canonical] = await getProgramDerivedAddress({ programAddress: program, seeds });
  for (let bump = canonical - 1; bump >= 0; bump -= 1) {
    const bytes = Buffer.concat([...seeds, Uint8Array.of(bump), addressBytes(program), Buffer.from('ProgramDerivedAddress')]);
    const address = decoder.decode(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
    if (isOffCurveAddress(address)) return address;
  }
  throw new Error('no second address');
}

test('bump seed canonicalization: nothing is made at an address of another bump', async () => {
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const { chain, house } = native;
  const creator = (await houseArguments(chain, 'new')).creator.address;
  const newHouse = (await native.valid.initHouse()).accounts[1]?.address as Address;
  const newcomer = (await signerNamed('newcomer')).address;
  const at = addressBytes(house.address);
  const cases: [InstructionName, number, Uint8Array[], string][] = [
    ['initHouse', 1, [utf8('house'), addressBytes(creator), new Uint8Array(32)], 'WRONG_ESCROW_ADDRESS'],
    ['initHouse', 2, [utf8('escrow'), addressBytes(newHouse)], 'WRONG_ESCROW_ADDRESS'],
    ['addTerms', 2, [utf8('terms'), at, Uint8Array.of(2, 0, 0, 0)], 'WRONG_TERMS_ADDRESS'],
    ['addVerifyingKey', 2, [utf8('vk'), at, Uint8Array.of(9, 0)], 'WRONG_VERIFYING_KEY_ADDRESS'],
    ['openVault', 3, [utf8('vault'), at, addressBytes(newcomer)], 'WRONG_VAULT_ADDRESS'],
  ];
  for (const [name, index, seeds, expected] of cases) {
    const instruction = await native.valid[name]();
    const second = await belowCanonical(seeds);
    assert.notEqual(second, instruction.accounts[index]?.address);
    assert.equal((await native.send(substitute(instruction, index, second))).error, expected, name);
  }
});

test("pda sharing: one house's escrow never pays for another's", async () => {
  const shared = ({ name }: { name: string }): boolean => name === 'escrow' || name === 'escrowToken';
  await each(shared, async (stage, instruction, { index, account, name }) => {
    const { escrow, mint } = stage.other.house;
    const address = account === 'escrow' ? escrow : await associatedTokenAddress({ owner: escrow, mint });
    const expected = account === 'escrow' ? 'WRONG_ESCROW_ADDRESS' : 'WRONG_ESCROW_TOKEN_ADDRESS';
    assert.equal((await stage.send(substitute(instruction, index, address))).error, expected, name);
  });
});

test('closing accounts: no instruction takes lamports or bytes from an account of the program, and a drained one is refused', async () => {
  await each(
    ({ name }) => STATE.includes(name),
    async (stage, instruction, { index, account, name }) => {
      const address = instruction.accounts[index]?.address as Address;
      const empty = { data: new Uint8Array(), programAddress: '11111111111111111111111111111111' as Address, space: 0n };
      const { error } = await stage.chain.withForged(
        address,
        (before) => ({ ...before, ...empty }),
        () => stage.send(instruction),
      );
      assert.equal(error, `WRONG_${upper(account)}_PROGRAM`, name);
    },
  );
  const { chain, valid, send } = await makeStage();
  const sizes = () =>
    new Map(chain.svm.getProgramAccounts(program).map((entry) => [entry.address, [entry.lamports, entry.space]]));
  for (const name of Object.keys(valid) as InstructionName[]) {
    const before = sizes();
    assert.equal((await send(await valid[name]())).error, undefined, name);
    const after = sizes();
    for (const [address, size] of before) assert.deepEqual(after.get(address), size, name);
  }
});

test('sysvar address checking: clock and rent are asked of the runtime, and no account can stand for them or for the instructions', async () => {
  await each(
    ({ name }) => /clock|rent|sysvar/i.test(name),
    async (stage, instruction, { index, name }) => {
      const { error } = await stage.send(substitute(instruction, index, stage.house.creator.address));
      assert.equal(error, 'WRONG_INSTRUCTIONS_SYSVAR', name);
    },
  );
  const clock = { address: 'SysvarC1ock11111111111111111111111111111111' as Address, role: 0 };
  for (const { name, tokens } of LISTS) {
    const stage = tokens ? ofTokens : native;
    const instruction = await stage.valid[name]();
    const { error } = await stage.send({ ...instruction, accounts: [...instruction.accounts, clock] });
    assert.equal(error, 'WRONG_ACCOUNT_COUNT', name);
  }
});
