import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PROGRAM_ERRORS, type ProgramErrorName } from '../client/index.ts';
import type { Refusal } from './refusal.ts';
import { houseRefusals } from './refusals-house.ts';
import { ownerRefusals } from './refusals-owner.ts';
import { batchRefusals, transferRefusals } from './refusals-settlement.ts';
import { vaultRefusals } from './refusals-vault.ts';
import { makeStage, type Stage } from './stage.ts';
import { readHouse, readVault } from './world.ts';

const GROUPS: Record<string, Refusal[]> = {
  'house and keys': houseRefusals,
  vaults: vaultRefusals,
  'exits and keys': ownerRefusals,
  batches: batchRefusals,
  transfers: transferRefusals,
};

/** Reached by accounts.test.ts for every instruction, from the account's name: signatures, writability, and what state is. */
const OF_ACCOUNTS =
  /^(MISSING_|READONLY_|WRONG_SYSTEM_PROGRAM|WRONG_ESCROW_ADDRESS|(WRONG|READONLY)_(HOUSE|TERMS|VERIFYING_KEY|VAULT)_(PROGRAM|SIZE|DISCRIMINATOR|VERSION|ADDRESS|HOUSE)$|UNKNOWN_INSTRUCTION|WRONG_DATA_SIZE)/;
/** No transaction can make these syscalls fail. */
const UNREACHABLE: ProgramErrorName[] = ['UNAVAILABLE_CLOCK', 'UNAVAILABLE_SHA256'];

let stage: Stage;
before(async () => {
  stage = await makeStage();
});

for (const [group, refusals] of Object.entries(GROUPS)) {
  describe(group, () => {
    for (const [error, what, attempt] of refusals) {
      test(`${error}: ${what}`, async () => {
        const before = [readHouse(stage.chain, stage.house), ...stage.vaults.map((vault) => readVault(stage.chain, vault))];
        const outcome = await attempt(stage);
        assert.equal(outcome.error, error, outcome.logs.join('\n'));
        const after = [readHouse(stage.chain, stage.house), ...stage.vaults.map((vault) => readVault(stage.chain, vault))];
        assert.deepEqual(after, before);
      });
    }
  });
}

after(async () => {
  // The stage was left as it was, so what was refused was refused for its one fault.
  for (const name of ['settleTransfers', 'settleBatch', 'claim', 'deposit'] as const) {
    assert.equal((await stage.send(await stage.valid[name]())).error, undefined, name);
  }
});

test('every error of the program is reached', () => {
  const reached = new Set(Object.values(GROUPS).flatMap((refusals) => refusals.map(([error]) => error)));
  const missed = (Object.keys(PROGRAM_ERRORS) as ProgramErrorName[]).filter(
    (name) => !reached.has(name) && !OF_ACCOUNTS.test(name) && !UNREACHABLE.includes(name),
  );
  assert.deepEqual(missed, []);
});
