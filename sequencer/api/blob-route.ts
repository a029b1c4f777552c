import type { FastifyReply, FastifyRequest } from 'fastify';
import { blobHashOfCid } from '../../protocol/blob.ts';
import type { BlobStore } from '../blobs/store.ts';
import { CasinoError } from '../errors.ts';
import { BLOB_MEDIA_TYPE } from './answers.ts';

/** A year, the longest that caches keep anything: what a CID names never changes. */
const FOR_EVER = 'public, max-age=31536000, immutable';

type BlobRequest = FastifyRequest & { params: { cid: string } };

/** Answers with a blob's bytes, checked against its CID, or with 304 if the asker has them. */
export function blobSender(blobs: Pick<BlobStore, 'read'>) {
  /** Damaged files that the log has told of: asking again must not flood it. */
  const told = new Set<string>();
  return async (request: BlobRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const { cid } = request.params;
    const bytes = await blobs.read(blobHashOfCid(cid)).catch((error: unknown) => {
      if (!(error instanceof CasinoError)) throw error;
      const line = { alert: 'blob-corrupt', code: error.code, cid, reason: error.message };
      if (!told.has(cid)) request.log.error(line, 'a blob can not be served');
      told.add(cid);
      // The log names the file; the asker need not know it.
      throw new CasinoError(error.code, `the file of blob ${cid} is not what its name says`, { cause: error });
    });
    if (!bytes) throw new CasinoError('NOT_FOUND', `no blob ${cid}`);
    const etag = `"${cid}"`;
    reply.header('cache-control', FOR_EVER).header('etag', etag);
    // Public bytes that their name vouches for: a page of any origin may check them.
    reply.header('access-control-allow-origin', '*').header('cross-origin-resource-policy', 'cross-origin');
    if (isKnown(request.headers['if-none-match'], etag)) return reply.status(304).send();
    return reply.type(BLOB_MEDIA_TYPE).send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length));
  };
}

/** RFC 9110, section 13.1.2: the comparison is the weak one. */
function isKnown(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.trim() === '*' || header.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag);
}
