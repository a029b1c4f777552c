import { type TSchema, Type } from 'typebox';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';

/** Codes that any route may answer with. */
const ANYWHERE: ErrorCode[] = ['BAD_REQUEST', 'RATE_LIMITED', 'INTERNAL', 'LEDGER_FAILED', 'LEDGER_CORRUPT', 'BUSY'];

const errorSchema = (codes: readonly ErrorCode[]) =>
  Type.Object(
    {
      error: Type.Object(
        {
          code: Type.Enum([...codes]),
          message: Type.String({ examples: ['in words, for people'] }),
          retry: Type.Boolean({
            description: 'Whether the same bytes may succeed later',
            examples: [codes.some((code) => ERROR_CODES[code].retry)],
          }),
        },
        { additionalProperties: true, description: 'Some codes carry further fields: docs/reference/errors.md' },
      ),
    },
    { description: codes.join(', ') },
  );

/** All answers of a route: what it gives, and its errors by their status. */
export function answers<T extends TSchema>(ok: T, codes: readonly ErrorCode[] = []): { 200: T } & Record<number, TSchema> {
  const all = [...new Set([...ANYWHERE, ...codes])];
  const byStatus = Map.groupBy(all, (code) => ERROR_CODES[code].status);
  const errors = [...byStatus].map(([status, ofStatus]) => [status, errorSchema(ofStatus)] as const);
  return {
    ...Object.fromEntries(errors),
    200: { ...ok, description: (ok as { description?: string }).description ?? 'The answer' },
  };
}

/** What IPFS calls bytes that are just bytes. */
export const BLOB_MEDIA_TYPE = 'application/vnd.ipld.raw';

/** All answers of the route whose answer is no JSON. */
export function blobAnswers(codes: readonly ErrorCode[]) {
  const bytes = Type.String({ format: 'binary', description: 'layouts.md section 5' });
  const { 200: _, ...errors } = answers(Type.Null(), codes);
  return {
    ...errors,
    200: { description: 'The blob, which hashes to its CID', content: { [BLOB_MEDIA_TYPE]: { schema: bytes } } },
    304: { type: 'null', description: 'The asker has it: If-None-Match' },
  };
}
