import { MAX_BLOB_BYTES } from '../../protocol/blob.ts';
import { CasinoError } from '../errors.ts';
import { callStore, jsonOf, MAX_ANSWER_BYTES, STORE_TIMEOUT_MS, type StoreAnswer, storeFailed } from './http.ts';
import type { PinningService } from './pinning-service.ts';
import type { RemoteBlobStore } from './remote-store.ts';

/** Multiaddresses that a pinning service is told at most. */
const MAX_ORIGINS = 20;

/**
 * Blobs as pinned raw blocks of an IPFS node, by Kubo's RPC API; from there anyone fetches them over IPFS. With a pinning service a blob
 * counts as kept only once the service says that it has pinned it as well.
 */
export class IpfsBlobStore implements RemoteBlobStore {
  readonly name: string;
  readonly #api: URL;
  readonly #pinning: PinningService | undefined;
  readonly #timeoutMs: number;

  constructor(options: { api: URL; pinning?: PinningService | undefined; timeoutMs?: number }) {
    this.#api = options.api;
    this.#pinning = options.pinning;
    this.#timeoutMs = options.timeoutMs ?? STORE_TIMEOUT_MS;
    const pinned = options.pinning ? ` with ${options.pinning.name}` : '';
    this.name = `ipfs+${options.api.protocol}//${options.api.host}${pinned}`;
  }

  async put({ cid, bytes }: Parameters<RemoteBlobStore['put']>[0], signal: AbortSignal): Promise<void> {
    const body = new FormData();
    body.append('data', new Blob([new Uint8Array(bytes)], { type: 'application/octet-stream' }), cid);
    const how = { 'cid-codec': 'raw', mhtype: 'sha2-256', pin: 'true' };
    const answer = await this.#call('block/put', { how, body, maxBytes: MAX_ANSWER_BYTES }, signal);
    if (answer.status !== 200) throw storeFailed(this.name, `does not store a blob: it answers ${answer.status}`);
    const { Key: key } = jsonOf(this.name, answer);
    if (key !== cid) throw new CasinoError('BLOB_CORRUPT', `${this.name} has stored blob ${cid} as ${String(key).slice(0, 100)}`);
    if (this.#pinning) await this.#pinning.pin({ cid, origins: await this.#origins(signal) }, signal);
  }

  async get(cid: string, signal: AbortSignal): Promise<Uint8Array | undefined> {
    if (this.#pinning && !(await this.#pinning.isPinned(cid, signal))) return undefined;
    // Offline: what the node itself keeps, and not what it can find elsewhere, perhaps, some time.
    const answer = await this.#call('block/get', { how: { arg: cid, offline: 'true' }, maxBytes: MAX_BLOB_BYTES }, signal);
    // So it answers for a block that it does not have.
    if (answer.status === 500) return undefined;
    if (answer.status !== 200) throw storeFailed(this.name, `does not give a blob: it answers ${answer.status}`);
    return answer.body;
  }

  /** Where the pinning service finds the block at once; without them it has to search. */
  async #origins(signal: AbortSignal): Promise<string[]> {
    const answer = await this.#call('id', { how: {}, maxBytes: MAX_ANSWER_BYTES }, signal);
    if (answer.status !== 200) throw storeFailed(this.name, `does not tell its addresses: it answers ${answer.status}`);
    const { Addresses: addresses } = jsonOf(this.name, answer);
    return Array.isArray(addresses) ? addresses.filter((one) => typeof one === 'string').slice(0, MAX_ORIGINS) : [];
  }

  #call(
    command: string,
    request: { how: Record<string, string>; body?: FormData; maxBytes: number },
    signal: AbortSignal,
  ): Promise<StoreAnswer> {
    const { how, ...rest } = request;
    const url = new URL(`api/v0/${command}?${new URLSearchParams(how)}`, this.#api);
    return callStore({ store: this.name, url, method: 'POST', ...rest, timeoutMs: this.#timeoutMs, signal });
  }
}
