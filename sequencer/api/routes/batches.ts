import { CasinoError } from '../../errors.ts';
import { answers, blobAnswers } from '../answers.ts';
import { batchPage } from '../batch-list.ts';
import { blobSender } from '../blob-route.ts';
import { batchJson, historyJson, quarantineJson } from '../json.ts';
import { pageLimit, parseTimes, parseU64 } from '../requests.ts';
import * as schema from '../schemas.ts';
import { type ApiParts, MAX_PAGES_PER_MINUTE, perMinute, type Server } from './parts.ts';

/** A blob costs a file read and a hash; a verifier reads all there are. */
const MAX_BLOBS_PER_MINUTE = 12_000;
/** Held vaults that one answer lists, the longest held first. */
const MAX_HELD_SHOWN = 100;

export function registerBatchRoutes(server: Server, { read, book, blobs }: ApiParts): void {
  const quarantine = {
    operationId: 'listQuarantined',
    tags: ['batches'],
    summary: 'Vaults whose bets could not be settled yet',
    response: answers(schema.QuarantineSchema),
  };
  server.get('/v1/quarantine', { schema: quarantine }, () => {
    const held = [...book.all()].flatMap((vault) => (vault.quarantine ? [quarantineJson(vault, vault.quarantine)] : []));
    held.sort((a, b) => a.since - b.since);
    return { held: held.length, vaults: held.slice(0, MAX_HELD_SHOWN) };
  });
  const list = {
    operationId: 'listBatches',
    tags: ['batches'],
    summary: 'Batches, newest first',
    querystring: schema.BatchesQuery,
    response: answers(schema.BatchesSchema),
  };
  server.get('/v1/batches', { schema: list, config: perMinute(MAX_PAGES_PER_MINUTE) }, ({ query }) => {
    const { status, cursor, limit } = query;
    const before = query.before === undefined ? undefined : parseU64(query.before, 'before');
    return batchPage(read, { ...parseTimes(query), before, status, cursor, limit: pageLimit(limit) });
  });
  server.get(
    '/v1/batches/:number',
    {
      schema: {
        operationId: 'getBatch',
        tags: ['batches'],
        summary: 'A batch and its history',
        params: schema.BatchParams,
        response: answers(schema.BatchDetailSchema, ['NOT_FOUND']),
      },
    },
    (request) => {
      const batchNumber = parseU64(request.params.number, 'number');
      const batch = read.batch(batchNumber);
      if (!batch) throw new CasinoError('NOT_FOUND', `no batch ${batchNumber}`);
      return { ...batchJson(batch), history: historyJson(read.auditTrail(batchNumber)) };
    },
  );
  server.get(
    '/v1/blobs/:cid',
    {
      schema: {
        operationId: 'getBlob',
        tags: ['batches'],
        summary: "A batch's blob, the bytes themselves",
        params: schema.BlobParams,
        response: blobAnswers(['NOT_FOUND', 'BLOB_CORRUPT']),
      },
      config: perMinute(MAX_BLOBS_PER_MINUTE),
    },
    blobSender(blobs),
  );
}
