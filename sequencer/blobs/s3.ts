import { AwsV4Signer } from 'aws4fetch';
import { MAX_BLOB_BYTES } from '../../protocol/blob.ts';
import { toHex } from '../../protocol/bytes.ts';
import { callStore, MAX_ANSWER_BYTES, STORE_TIMEOUT_MS, type StoreAnswer, storeFailed } from './http.ts';
import type { RemoteBlobStore } from './remote-store.ts';

/** Hash of no bytes: what a request without a body is signed with. */
const EMPTY_SHA256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

export interface S3Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string | undefined;
}

export interface S3Place {
  endpoint: URL;
  region: string;
  bucket: string;
  /** Before each object's name: empty, or with a slash at its end. */
  prefix: string;
}

/**
 * Blobs as objects of a bucket, by Amazon's S3 API and Signature Version 4; the bucket is named in the path, as every compatible store
 * understands it. An object's key is the prefix and the CID.
 */
export class S3BlobStore implements RemoteBlobStore {
  readonly name: string;
  readonly #place: S3Place;
  readonly #credentials: S3Credentials;
  readonly #timeoutMs: number;

  constructor(options: { place: S3Place; credentials: S3Credentials; timeoutMs?: number }) {
    this.#place = options.place;
    this.#credentials = options.credentials;
    this.#timeoutMs = options.timeoutMs ?? STORE_TIMEOUT_MS;
    this.name = `s3://${options.place.bucket}/${options.place.prefix}`;
  }

  async put({ cid, hash, bytes }: Parameters<RemoteBlobStore['put']>[0], signal: AbortSignal): Promise<void> {
    const headers = { 'content-type': 'application/vnd.ipld.raw', 'cache-control': 'public, max-age=31536000, immutable' };
    const request = { method: 'PUT', headers, sha256: toHex(hash), body: new Uint8Array(bytes) } as const;
    const answer = await this.#call({ cid, ...request, maxBytes: MAX_ANSWER_BYTES }, signal);
    if (answer.status !== 200) throw this.#refused('store a blob', answer);
  }

  async get(cid: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    const answer = await this.#call({ cid, method: 'GET', sha256: EMPTY_SHA256, maxBytes: MAX_BLOB_BYTES }, signal);
    // Who may not list a bucket is told 403 for an object that is not there.
    if (answer.status === 404 || answer.status === 403) return undefined;
    if (answer.status !== 200) throw this.#refused('give a blob', answer);
    return answer.body;
  }

  async #call(
    request: {
      cid: string;
      method: 'GET' | 'PUT';
      headers?: Record<string, string>;
      sha256: string;
      body?: Uint8Array<ArrayBuffer>;
      maxBytes: number;
    },
    signal: AbortSignal,
  ): Promise<StoreAnswer> {
    const { endpoint, region, bucket, prefix } = this.#place;
    const { accessKeyId, secretAccessKey, sessionToken } = this.#credentials;
    const signer = new AwsV4Signer({
      url: `${endpoint.href.replace(/\/$/, '')}/${bucket}/${prefix}${request.cid}`,
      method: request.method,
      headers: { ...request.headers, 'x-amz-content-sha256': request.sha256 },
      ...{ accessKeyId, secretAccessKey, region, service: 's3' },
      ...(sessionToken === undefined ? {} : { sessionToken }),
    });
    const { url, headers } = await signer.sign();
    const { method, body, maxBytes } = request;
    const signed = { method, url, headers: Object.fromEntries(headers), ...(body ? { body } : {}) };
    return callStore({ store: this.name, ...signed, maxBytes, timeoutMs: this.#timeoutMs, signal });
  }

  /** S3 says why in XML; of that only the code is told on, which is a word. */
  #refused(what: string, { status, body }: StoreAnswer) {
    const code = /<Code>(\w{1,64})<\/Code>/.exec(new TextDecoder().decode(body))?.[1];
    return storeFailed(this.name, `does not ${what}: it answers ${status}${code ? ` ${code}` : ''}`);
  }
}
