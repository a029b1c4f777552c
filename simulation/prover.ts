import { pointToBytes } from '../protocol/babyjubjub.ts';
import { type BatchStatement, playRun, publicBatchOf, publicInput } from '../protocol/batch.ts';
import { compareBytes } from '../protocol/bytes.ts';
import { STAKE_UNIT } from '../protocol/constants.ts';
import { signatureToBytes } from '../protocol/eddsa.ts';
import { fieldToBytes } from '../protocol/field.ts';
import { vaultKeyOf } from '../protocol/outcome.ts';
import { CasinoError } from '../sequencer/errors.ts';
import type { BatchProver, Proof } from '../sequencer/settlement/batch-prover.ts';
import type { Life } from './life.ts';
import { proofOf } from './node.ts';
import { SIZES, signatureOf } from './people.ts';

/** What befalls one proof. */
export interface ProofFate {
  durationMs: number;
  fails: boolean;
}

/** Provers of all sizes: slow, failing as told, and proving what the circuit would and nothing else. */
export function simulatedProvers(life: Life, fate: () => ProofFate): BatchProver[] {
  return SIZES.map((size) => ({
    circuit: size,
    prove(statement: BatchStatement, signal: AbortSignal): Promise<Proof> {
      const { durationMs, fails } = fate();
      return life.wait(durationMs, `prove batch ${statement.batchNumber}`, () => {
        signal.throwIfAborted();
        if (fails) throw new CasinoError('PROVER_FAILED', 'the prover broke down');
        const reason = whyImpossible(statement, size);
        if (reason) throw new CasinoError('SETTLEMENT_REJECTED', `no witness exists: ${reason}`);
        const compressed = proofOf(publicInput(publicBatchOf(statement), size.maxVaults));
        return { compressed, witnessMs: 1, proveMs: Math.max(1, Math.round(durationMs)) };
      });
    },
  }));
}

/** What the circuit would not be satisfied with: sizes, a signature, a stake above the balance. */
function whyImpossible(statement: BatchStatement, size: { maxBets: number; maxVaults: number }): string | undefined {
  const { runs, k, termsId, profitBps } = statement;
  if (runs.length > size.maxVaults || runs.reduce((sum, { bets }) => sum + bets.length, 0) > size.maxBets) return 'too large';
  for (const run of runs) {
    const { bets } = playRun({ run, vaultKey: vaultKeyOf({ k, accountId: run.accountId }), termsId, profitBps });
    let balance = run.start;
    for (const { stakeUnits, delta } of bets) {
      if (stakeUnits * STAKE_UNIT > balance) return 'a stake above the balance';
      balance += delta;
    }
    const head = bets.at(-1)?.head;
    if (head === undefined) return 'an empty run';
    const expected = signatureOf(pointToBytes(run.sessionKey), fieldToBytes(head));
    if (compareBytes(expected, signatureToBytes(run.signature)) !== 0) return 'a signature that does not fit';
  }
  return undefined;
}
