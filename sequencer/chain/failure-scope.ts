import { type ProgramErrorName, programErrorOf } from '../../program/client/index.ts';
import type { DryRunFailure } from '../settlement/chain-port.ts';

/** Failures of `settle_batch` that come from one vault's part of the batch. */
const VAULT_ERRORS: ReadonlySet<ProgramErrorName> = new Set<ProgramErrorName>([
  'FROZEN_VAULT',
  'STALE_TERMS',
  'EMPTY_KEY_SLOT',
  'INACTIVE_KEY_SLOT',
  'RETIRED_KEY_SLOT',
  'EXCEEDED_PENDING_DEPOSIT',
  'ZERO_CONSUME',
  'ZERO_BETS',
  'EXCEEDED_U64',
  'INVALID_POSEIDON_INPUT',
  'INVALID_OUTCOMES',
  'INVALID_PROOF',
  'INVALID_PROOF_ENCODING',
  'READONLY_VAULT',
  'WRONG_VAULT_PROGRAM',
  'WRONG_VAULT_SIZE',
  'WRONG_VAULT_DISCRIMINATOR',
  'WRONG_VAULT_VERSION',
  'WRONG_VAULT_ADDRESS',
  'WRONG_VAULT_HOUSE',
]);

const KEY_ERRORS: ReadonlySet<ProgramErrorName> = new Set<ProgramErrorName>(['INACTIVE_VERIFYING_KEY', 'RETIRED_VERIFYING_KEY']);

/**
 * Whose matter a failure of `settle_batch` is, by the transaction's error. What is not known to be a vault's is the house's: an empty
 * settler, a wrong leader and whatever comes later must never put bettors into quarantine. A failure without a code of the
 * program (too many compute units, say) depends on what is in the batch.
 */
export function scopeOfFailure(error: unknown): DryRunFailure['scope'] {
  const known = programErrorOf(error);
  if (known) return VAULT_ERRORS.has(known.name) ? 'vaults' : KEY_ERRORS.has(known.name) ? 'verifying-key' : 'house';
  return isInstructionError(error) ? 'vaults' : 'house';
}

function isInstructionError(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'InstructionError' in error;
}
