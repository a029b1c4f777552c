import { createHash, createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { TestHttpServer, type TestRequest } from './http-server.ts';

const ALGORITHM = 'AWS4-HMAC-SHA256';
const MAX_SKEW_MS = 900_000;

const sha256 = (data: Buffer | string): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer | string, text: string): Buffer => createHmac('sha256', key).update(text).digest();

/** What a signature is computed of; headers by lower-case name. */
export interface Signed {
  method: string;
  /** Encoded as it was sent. */
  path: string;
  query: URLSearchParams;
  headers: Record<string, string>;
  signedHeaders: readonly string[];
  payloadHash: string;
  dateTime: string;
  region: string;
  secretAccessKey: string;
}

/** Signature Version 4 of S3, from Amazon's description of it: the path is encoded once and not normalised. */
export function signatureOf(signed: Signed): string {
  const { method, path, query, headers, signedHeaders, payloadHash, dateTime, region, secretAccessKey } = signed;
  const encode = (text: string) =>
    encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const canonicalQuery = [...query].map(([name, value]) => `${encode(name)}=${encode(value)}`).sort();
  const canonicalHeaders = signedHeaders.map((name) => `${name}:${(headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`);
  const names = signedHeaders.join(';');
  const canonical = [method, path, canonicalQuery.join('&'), canonicalHeaders.join(''), names, payloadHash].join('\n');
  const day = dateTime.slice(0, 8);
  const scope = `${day}/${region}/s3/aws4_request`;
  const key = [region, 's3', 'aws4_request'].reduce((from, text) => hmac(from, text), hmac(`AWS4${secretAccessKey}`, day));
  return hmac(key, [ALGORITHM, dateTime, scope, sha256(canonical)].join('\n')).toString('hex');
}

/** A bucket of an S3-compatible store. Checks every request's signature by an implementation of its own. */
export class S3Server extends TestHttpServer {
  readonly objects = new Map<string, { bytes: Buffer; headers: TestRequest['headers'] }>();
  readonly credentials = {
    accessKeyId: 'AKIATEST',
    secretAccessKey: 'a/secret+key=',
    sessionToken: undefined as string | undefined,
  };
  readonly region = 'test-region-1';
  readonly bucket = 'a-bucket';
  /** Objects that are there are not written again. */
  writeOnce = false;
  /** Without the right to list, what is not there is forbidden. */
  mayList = true;

  override answer(request: TestRequest, response: ServerResponse): void {
    const refuse = (status: number, code: string) =>
      void response.writeHead(status).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>`);
    const wrong = this.#whyUnsigned(request);
    if (wrong) return refuse(403, wrong);
    const key = request.url.pathname.slice(`/${this.bucket}/`.length);
    if (!request.url.pathname.startsWith(`/${this.bucket}/`)) return refuse(404, 'NoSuchBucket');
    if (request.method === 'PUT') {
      if (this.writeOnce && this.objects.has(key)) return refuse(412, 'PreconditionFailed');
      this.objects.set(key, { bytes: request.body, headers: request.headers });
      return void response.writeHead(200).end();
    }
    const found = this.objects.get(key);
    if (!found) return this.mayList ? refuse(404, 'NoSuchKey') : refuse(403, 'AccessDenied');
    response.writeHead(200).end(found.bytes);
  }

  #whyUnsigned({ method, url, rawPath, headers, body }: TestRequest): string | undefined {
    const pattern = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/;
    const [, credential = '', names = '', signature] = pattern.exec(headers.authorization ?? '') ?? [];
    const dateTime = String(headers['x-amz-date']);
    const { accessKeyId, secretAccessKey, sessionToken } = this.credentials;
    const scope = `${accessKeyId}/${dateTime.slice(0, 8)}/${this.region}/s3/aws4_request`;
    if (credential !== scope) return 'InvalidAccessKeyId';
    const iso = dateTime.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z');
    if (!(Math.abs(Date.parse(iso) - Date.now()) < MAX_SKEW_MS)) return 'RequestTimeTooSkewed';
    if (headers['x-amz-security-token'] !== sessionToken) return 'InvalidToken';
    const payloadHash = sha256(body);
    if (headers['x-amz-content-sha256'] !== payloadHash) return 'XAmzContentSHA256Mismatch';
    const signedHeaders = names.split(';');
    const mustBeSigned = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
    if (!mustBeSigned.every((name) => signedHeaders.includes(name))) return 'AccessDenied';
    const plain = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    const path = rawPath.split('?')[0] as string;
    const rest = { method, path, query: url.searchParams, headers: plain, signedHeaders, payloadHash, dateTime };
    const expected = signatureOf({ ...rest, region: this.region, secretAccessKey });
    return signature === expected ? undefined : 'SignatureDoesNotMatch';
  }
}
