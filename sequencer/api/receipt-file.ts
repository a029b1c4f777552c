import type { Address } from '@solana/kit';
import { blobCid } from '../../protocol/blob.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import type { ReceiptFile, SettlementHint } from '../../protocol/receipt-file.ts';
import type { BetAnswer } from '../admission/admission.ts';
import type { SignedMessage } from '../admission/signer.ts';
import type { BatchRecord, BetRecord } from '../ledger/records.ts';

/** The receipt file of an acknowledged bet (layouts.md section 10). `headBefore`: the vault's head before the bet. */
export function receiptFileOf(input: {
  place: { genesisHash: string; program: string; house: string; receiptKey: string };
  vault: { owner: Address; address: Address };
  bet: BetRecord;
  headBefore: bigint;
  receipt: SignedMessage;
  seed: BetAnswer['seed'];
  batch: BatchRecord | undefined;
}): ReceiptFile {
  const { place, vault, bet, receipt, seed } = input;
  const { genesisHash, program, house, receiptKey: key } = place;
  const { betNumber, termsId, stakeUnits, choice, sessionKey, signature } = bet;
  return {
    ...{ genesisHash, program, house, owner: vault.owner, vault: vault.address },
    bet: {
      ...{ betNumber, termsId, stakeUnits, choice, sessionKey, signature },
      clientSeed: fieldFromBytes(bet.clientSeed),
      headBefore: input.headBefore,
    },
    receipt: { ...receipt, key },
    seed: { path: seed.path, commitment: { ...seed.commitment, key } },
    settlement: hintOf(input.batch),
  };
}

/** Only what is final stays as it is: an earlier batch can be signed anew or put together anew. */
function hintOf(batch: BatchRecord | undefined): SettlementHint | undefined {
  if (batch?.state !== 'Finalized' || batch.signature === undefined) return undefined;
  return { batchNumber: batch.batchNumber, signature: batch.signature, blobCid: blobCid(batch.blobHash), blob: undefined };
}
