import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { PROGRAM_ERRORS, type ProgramErrorName } from '../client/index.ts';
import type { Refusal } from './refusal.ts';
import { challengeRefusals } from './refusals-challenge.ts';
import { houseRefusals } from './refusals-house.ts';
import { operatorRefusals } from './refusals-operator.ts';
import { ownerRefusals } from './refusals-owner.ts';
import { batchRefusals, transferRefusals } from './refusals-settlement.ts';
import { tokenRefusals } from './refusals-tokens.ts';
import { vaultRefusals } from './refusals-vault.ts';
import { makeStage, type Stage } from './stage.ts';
import { readHouse, readVault } from './world.ts';

const GROUPS: Record<string, Refusal[]> = {
  'house and keys': houseRefusals,
  operator: operatorRefusals,
  vaults: vaultRefusals,
  'exits and keys': ownerRefusals,
  challenges: challengeRefusals,
  batches: batchRefusals,
  transfers: transferRefusals,
  tokens: tokenRefusals,
};

/** Reached by accounts.test.ts for every instruction, from the account's name: signatures, writability, and what state is. */
const OF_ACCOUNTS =
  /^(MISSING_|READONLY_|WRONG_SYSTEM_PROGRAM|WRONG_INSTRUCTIONS_SYSVAR|WRONG_ESCROW_ADDRESS|(WRONG|READONLY)_(HOUSE|TERMS|VERIFYING_KEY|VAULT)_(PROGRAM|SIZE|DISCRIMINATOR|VERSION|ADDRESS|HOUSE)$|(WRONG|EMPTY|FROZEN)_TOKEN_ACCOUNT|WRONG_(MINT|TOKEN_PROGRAM|ESCROW_TOKEN_ADDRESS)$|UNKNOWN_INSTRUCTION|WRONG_DATA_SIZE)/;
/** No transaction can make these syscalls fail. */
const UNREACHABLE: ProgramErrorName[] = ['UNAVAILABLE_CLOCK', 'UNAVAILABLE_SHA256'];

let stage: Stage;
let tokenStage: Stage;
before(async () => {
  stage = await makeStage();
  tokenStage = await makeStage(true);
});

const stateOf = ({ chain, house, vaults }: Stage) => [readHouse(chain, house), ...vaults.map((vault) => readVault(chain, vault))];

for (const [group, refusals] of Object.entries(GROUPS)) {
  describe(group, () => {
    for (const [error, what, attempt] of refusals) {
      test(`${error}: ${what}`, async () => {
        const on = refusals === tokenRefusals ? tokenStage : stage;
        const before = stateOf(on);
        const outcome = await attempt(on);
        assert.equal(outcome.error, error, outcome.logs.join('\n'));
        assert.deepEqual(stateOf(on), before);
      });
    }
  });
}

after(async () => {
  // The stage was left as it was, so what was refused was refused for its one fault.
  for (const name of ['settleTransfers', 'settleBatch', 'claim', 'deposit', 'payHouseWithdrawal', 'applyChange'] as const) {
    for (const on of [stage, tokenStage]) assert.equal((await on.send(await on.valid[name]())).error, undefined, name);
  }
});

test('every error of the program is reached', () => {
  const reached = new Set(Object.values(GROUPS).flatMap((refusals) => refusals.map(([error]) => error)));
  const missed = (Object.keys(PROGRAM_ERRORS) as ProgramErrorName[]).filter(
    (name) => !reached.has(name) && !OF_ACCOUNTS.test(name) && !UNREACHABLE.includes(name),
  );
  assert.deepEqual(missed, []);
});
