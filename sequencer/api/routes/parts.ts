import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Address } from '@solana/kit';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Static } from 'typebox';
import type { Admission, BetAnswer } from '../../admission/admission.ts';
import type { VaultBook } from '../../admission/book.ts';
import type { BlobStore } from '../../blobs/store.ts';
import type { LedgerReader } from '../../ledger/reader.ts';
import type { ReconciliationReport } from '../../operations/reconcile.ts';
import type { HouseSchema } from '../house-schemas.ts';
import type { HealthSchema } from '../operation-schemas.ts';

/** What the routes read and call. */
export interface ApiParts {
  admission: Admission;
  book: VaultBook;
  read: LedgerReader;
  blobs: Pick<BlobStore, 'read'>;
  /** Told of every bet that was taken for the first time or again. */
  onBet(owner: Address, answer: BetAnswer): void;
  house(): Static<typeof HouseSchema>;
  health(): Static<typeof HealthSchema>;
  /** The newest report; undefined before the first. */
  reconciliation(): ReconciliationReport | undefined;
}

export type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** Requests a minute of one client, where one costs more than others. */
export const perMinute = (max: number) => ({ rateLimit: { max, timeWindow: 60_000 } });

/** A commitment, and the path of a revealed seed, cost 256 hashes. */
export const MAX_COMMITMENTS_PER_MINUTE = 1_200;
/** A page of a list costs some hundred rows. */
export const MAX_PAGES_PER_MINUTE = 3_000;
