import { join } from 'node:path';
import type { Logger } from 'pino';
import type { RemoteBlobStore } from './blobs/remote-store.ts';
import type { BlobStore } from './blobs/store.ts';
import type { BatchAccounts } from './chain/batch-transaction.ts';
import type { Config } from './config.ts';
import type { Ledger } from './ledger/ledger.ts';
import type { OpenedHouse } from './operations/house-setup.ts';
import type { OperatorKeys } from './operations/keys.ts';
import type { Proving } from './prover/proving.ts';

/** Where everything that lasts is kept. */
export const dataPaths = (directory: string) => ({
  ledger: join(directory, 'ledger.db'),
  keys: join(directory, 'keys'),
  provingKeys: join(directory, 'proving-keys'),
  tables: join(directory, 'proving-keys', 'tables'),
  blobs: join(directory, 'blobs'),
  /** Files with the bets that have left the ledger; the ledger's reader looks for them beside it. */
  archive: join(directory, 'archive'),
  /** The newest reconciliation report, as JSON. */
  reconciliation: join(directory, 'reconciliation.json'),
});

/** What every stage is made of, once house and ledger are open. */
export interface Context {
  config: Config;
  log: Logger;
  ledger: Ledger;
  /** The service's own files, and where else each blob is published. */
  blobs: { own: BlobStore; remote: readonly RemoteBlobStore[] };
  keys: OperatorKeys;
  opened: OpenedHouse;
  proving: Proving;
  batchAccounts: BatchAccounts;
}
