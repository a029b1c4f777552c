import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { PROGRAM_ERRORS, type ProgramErrorName } from '../../program/client/index.ts';
import { scopeOfFailure } from './failure-scope.ts';

const scopeOf = (name: ProgramErrorName) => scopeOfFailure({ InstructionError: [1, { Custom: PROGRAM_ERRORS[name].code }] });

test("what is the house's matter, or not of this program, blames no vault", () => {
  for (const name of ['INSUFFICIENT_HOUSE_BALANCE', 'WRONG_LEADER_PAIR', 'WRONG_SETTLER', 'WRONG_BATCH_NUMBER'] as const) {
    assert.equal(scopeOf(name), 'house');
  }
  for (const error of [
    'AccountNotFound',
    'InsufficientFundsForFee',
    'BlockhashNotFound',
    { InsufficientFundsForRent: { account_index: 0 } },
  ]) {
    assert.equal(scopeOfFailure(error), 'house');
  }
});

test("a vault's matters, and failures without a code, are looked for among the vaults", () => {
  for (const name of ['FROZEN_VAULT', 'RETIRED_KEY_SLOT', 'INVALID_PROOF', 'EXCEEDED_PENDING_DEPOSIT'] as const) {
    assert.equal(scopeOf(name), 'vaults');
  }
  assert.equal(scopeOfFailure({ InstructionError: [1, 'ComputationalBudgetExceeded'] }), 'vaults');
  assert.equal(scopeOf('RETIRED_VERIFYING_KEY'), 'verifying-key');
});

test('every failure that the program raises while it settles one vault is known as such', () => {
  const source = (path: string) => readFileSync(new URL(`../../program/src/${path}`, import.meta.url), 'utf8');
  const named = (text: string) =>
    [...text.matchAll(/CasinoError::(\w+)/g)].map(([, name]) =>
      (name as string).replace(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase(),
    );
  const settleVault = /fn settle_vault\([\s\S]*?\n {4}}\n/.exec(source('instructions/settle_batch.rs'))?.[0] ?? '';
  const vault = source('state/vault.rs');
  const methods = [...settleVault.matchAll(/vault\.(\w+)\(/g)].map(([, name]) => name as string);
  assert.ok(methods.includes('require_not_frozen'));
  const bodies = methods.map((name) => new RegExp(`fn ${name}\\([\\s\\S]*?\\n {4}}\\n`).exec(vault)?.[0] ?? '');
  const names = [settleVault, ...bodies].flatMap(named) as ProgramErrorName[];
  assert.ok(names.length >= 6);
  for (const name of names) assert.equal(scopeOf(name), 'vaults', name);
});
