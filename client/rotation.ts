import type { Signature } from '@solana/kit';
import type { KeySlot, Vault } from '../program/client/accounts.ts';
import { NEVER } from '../program/client/constants.ts';
import { rotateSessionKey as rotateInstruction } from '../program/client/instructions/vault.ts';
import { ClientError } from './errors.ts';
import { loadVault } from './house.ts';
import { loadSession, nextSession, type SessionPlace } from './session-secret.ts';
import { sendUntilFinal } from './transactions.ts';
import type { MoneyPlace } from './withdrawal.ts';

/** Slots from now until the new key starts: the transaction has to land before. */
const START_MARGIN_SLOTS = 64n;
const POLL_MS = 250;

export interface RotationOptions {
  timeoutMs: number;
  onProgress?: ((stage: 'sent' | 'confirmed' | 'finalized', signature: Signature) => void) | undefined;
}

/**
 * Gives the vault a fresh session key of this store, which signs from then on; call it alone among all that touch the record. The house takes
 * no bet of the old key from the first sight of the rotation. Resolves once the finalized vault shows the new key as valid. An interrupted
 * one goes on with the same key. `NO_VAULT`, `VAULT_CLOSED`, `NO_SIGNING_RECORD`; `RECORD_CONFLICT` while a bet of the old key is
 * unanswered; `ROTATION_TOO_EARLY`.
 */
export async function rotateSessionKey(
  place: MoneyPlace & Pick<SessionPlace, 'book' | 'origin'>,
  options: RotationOptions,
): Promise<Vault> {
  const { book, chain, clock, wallet, house } = place;
  const deadlineMs = clock.nowMs() + options.timeoutMs;
  const record = await book.load();
  if (!record) throw new ClientError('NO_SIGNING_RECORD', 'this store has no record of the vault: open the vault first');
  if (record.pending.length > 0) {
    throw new ClientError('RECORD_CONFLICT', 'a bet of the old key is unanswered: have it answered before the key is changed');
  }
  const sessionPlace = { ...place, genesisHash: house.genesisHash, house: house.house };
  await loadSession(sessionPlace);
  const { keyHash } = await nextSession(sessionPlace);
  const vault = await vaultAt(place, 'confirmed');
  if (!keyOf(vault, keyHash)) {
    await assertRotatable(place, vault);
    const from = (await chain.slot('confirmed')) + START_MARGIN_SLOTS;
    const { program } = house;
    const instruction = await rotateInstruction({ program, owner: wallet, house: house.house, sessionKeyHash: keyHash, from });
    const { timeoutMs, onProgress: onStage } = options;
    await sendUntilFinal({ chain, clock, wallet, instructions: [instruction], timeoutMs, onStage });
  }
  for (;;) {
    const slot = await chain.slot('finalized');
    const final = await vaultAt(place, 'finalized');
    const key = keyOf(final, keyHash);
    if (key && key.from <= slot) {
      await book.save({ ...record, sessionKeyHash: keyHash });
      return final;
    }
    if (clock.nowMs() > deadlineMs) throw new ClientError('TIMEOUT', 'the new session key is not valid at finality yet');
    await clock.sleep(POLL_MS);
  }
}

const keyOf = (vault: Vault, hash: bigint): KeySlot | undefined => vault.keys.find((key) => key.hash === hash);

async function assertRotatable({ chain }: MoneyPlace, vault: Vault): Promise<void> {
  if (vault.frozen) throw new ClientError('VAULT_CLOSED', 'the vault has been closed by a forced exit');
  const ending = vault.keys.find((key) => key.hash !== 0n && key.until !== NEVER);
  const slot = await chain.slot('confirmed');
  if (ending && ending.until >= slot) {
    throw new ClientError('ROTATION_TOO_EARLY', `the key before is valid through slot ${ending.until}, and this is slot ${slot}`);
  }
}

async function vaultAt({ chain, house, wallet }: MoneyPlace, commitment: 'confirmed' | 'finalized'): Promise<Vault> {
  const { state } = await loadVault(chain, { context: house, owner: wallet.address, commitment });
  if (!state) throw new ClientError('NO_VAULT', 'the wallet has no vault in this house');
  return state;
}
