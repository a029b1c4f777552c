import { SYSTEM_CLOCK } from '../clock.ts';
import { callStore, jsonOf, MAX_ANSWER_BYTES, STORE_TIMEOUT_MS, type StoreAnswer, storeFailed } from './http.ts';

/** How often, and how many times, a pin that was asked for is looked at before that counts as a failure, and is tried again. */
const LOOK_EVERY_MS = 1_000;
const MAX_LOOKS = 30;

/** A service that keeps copies of what an IPFS node has, by the IPFS Pinning Service API. */
export class PinningService {
  /** Without path and secret. */
  readonly name: string;
  readonly #url: URL;
  readonly #token: string;
  readonly #timeoutMs: number;
  readonly #lookEveryMs: number;

  constructor(options: { url: URL; token: string; timeoutMs?: number; lookEveryMs?: number }) {
    this.#url = options.url;
    this.#token = options.token;
    this.#timeoutMs = options.timeoutMs ?? STORE_TIMEOUT_MS;
    this.#lookEveryMs = options.lookEveryMs ?? LOOK_EVERY_MS;
    this.name = options.url.host;
  }

  async isPinned(cid: string, signal: AbortSignal): Promise<boolean> {
    return (await this.#statuses(cid, signal)).includes('pinned');
  }

  /** Has it pin a CID, once, and waits until it has; `BLOB_STORE_FAILED` if it fails or takes too long. */
  async pin({ cid, origins }: { cid: string; origins: readonly string[] }, signal: AbortSignal): Promise<void> {
    let asked = false;
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      if (looks > 0) await SYSTEM_CLOCK.sleep(this.#lookEveryMs, signal);
      const statuses = await this.#statuses(cid, signal);
      if (statuses.includes('pinned')) return;
      if (asked && statuses.includes('failed') && !isUnderWay(statuses)) throw storeFailed(this.name, `has failed to pin ${cid}`);
      if (asked || isUnderWay(statuses)) continue;
      const answer = await this.#call({ method: 'POST', query: '', body: JSON.stringify({ cid, name: cid, origins }) }, signal);
      if (answer.status !== 202 && answer.status !== 200)
        throw storeFailed(this.name, `does not pin: it answers ${answer.status}`);
      asked = true;
    }
    throw storeFailed(this.name, `has not pinned ${cid} yet`);
  }

  async #statuses(cid: string, signal: AbortSignal): Promise<unknown[]> {
    const query = `?${new URLSearchParams({ cid, status: 'queued,pinning,pinned,failed' })}`;
    const answer = await this.#call({ method: 'GET', query }, signal);
    if (answer.status !== 200) throw storeFailed(this.name, `does not list pins: it answers ${answer.status}`);
    const { results } = jsonOf(this.name, answer);
    if (!Array.isArray(results)) throw storeFailed(this.name, 'lists no pins');
    return results.flatMap((pin) => (pin?.pin?.cid === cid ? [pin.status] : []));
  }

  #call(request: { method: 'GET' | 'POST'; query: string; body?: string }, signal: AbortSignal): Promise<StoreAnswer> {
    const { query, ...rest } = request;
    const url = new URL(`${this.#url.href.replace(/\/$/, '')}/pins${query}`);
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json' };
    const limits = { maxBytes: MAX_ANSWER_BYTES, timeoutMs: this.#timeoutMs };
    return callStore({ store: this.name, url, headers, ...rest, ...limits, signal });
  }
}

const isUnderWay = (statuses: readonly unknown[]): boolean => statuses.includes('queued') || statuses.includes('pinning');
