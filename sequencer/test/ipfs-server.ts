import type { ServerResponse } from 'node:http';
import { base32 } from 'multiformats/bases/base32';
import { CID } from 'multiformats/cid';
import * as raw from 'multiformats/codecs/raw';
import { sha256 } from 'multiformats/hashes/sha2';
import { TestHttpServer, type TestRequest } from './http-server.ts';

/** The commands of Kubo's RPC API that are needed, with CIDs by the reference implementation. */
export class IpfsServer extends TestHttpServer {
  readonly blocks = new Map<string, Buffer>();
  readonly pins = new Set<string>();
  readonly addresses = ['/ip4/127.0.0.1/tcp/4001/p2p/12D3KooWTest'];

  override async answer(request: TestRequest, response: ServerResponse): Promise<void> {
    const { method, url } = request;
    const json = (status: number, value: object) =>
      void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const failed = (message: string) => json(500, { Message: message, Code: 0, Type: 'error' });
    if (method !== 'POST') return void response.writeHead(405).end();
    if (url.pathname === '/api/v0/id') return json(200, { ID: '12D3KooWTest', Addresses: this.addresses });
    if (url.pathname === '/api/v0/block/get') {
      if (url.searchParams.get('offline') !== 'true') return;
      const block = this.blocks.get(CID.parse(url.searchParams.get('arg') ?? '').toString(base32));
      if (!block) return failed('block was not found locally (offline): ipld: could not find node');
      return void response.writeHead(200).end(block);
    }
    if (url.pathname !== '/api/v0/block/put') return void response.writeHead(404).end();
    const body = new Response(new Uint8Array(request.body), {
      headers: { 'content-type': String(request.headers['content-type']) },
    });
    const files = [...(await body.formData()).values()];
    if (files.length !== 1 || !(files[0] instanceof File)) return failed('expected one file');
    if (url.searchParams.get('mhtype') !== 'sha2-256') return failed('unrecognized multihash function');
    const bytes = Buffer.from(await files[0].arrayBuffer());
    const codec = url.searchParams.get('cid-codec') === 'raw' ? raw.code : 0x70;
    const cid = CID.createV1(codec, await sha256.digest(bytes)).toString(base32);
    this.blocks.set(cid, bytes);
    if (url.searchParams.get('pin') === 'true') this.pins.add(cid);
    return json(200, { Key: cid, Size: bytes.length });
  }
}

/** A service of the IPFS Pinning Service API that pins a CID after some looks at it. */
export class PinningServer extends TestHttpServer {
  readonly token = 'a-bearer-token';
  readonly asked: { cid: string; name: string; origins: string[]; status: string; looks: number }[] = [];
  /** Looks until a request is pinned, and what becomes of it. */
  looksUntilDone = 3;
  outcome: 'pinned' | 'failed' = 'pinned';
  /** Lists what it is not asked for. */
  ignoresFilter = false;

  override answer(request: TestRequest, response: ServerResponse): void {
    const { method, url, headers } = request;
    const json = (status: number, value: object) => void response.writeHead(status).end(JSON.stringify(value));
    if (headers.authorization !== `Bearer ${this.token}`) return json(401, { error: { reason: 'UNAUTHORIZED' } });
    if (url.pathname !== '/psa/pins') return json(404, { error: { reason: 'NOT_FOUND' } });
    const shown = ({ cid, name, origins, status }: PinningServer['asked'][number], index: number) => ({
      ...{ requestid: String(index), status, created: '2026-01-01T00:00:00Z', delegates: [] },
      pin: { cid, name, origins },
    });
    if (method === 'POST') {
      this.asked.push({ ...JSON.parse(request.body.toString()), status: 'queued', looks: 0 });
      return json(202, shown(this.asked.at(-1) as PinningServer['asked'][number], this.asked.length));
    }
    for (const one of this.asked) {
      one.looks += 1;
      if (one.status === 'pinned' || one.status === 'failed') continue;
      one.status = one.looks >= this.looksUntilDone ? this.outcome : 'pinning';
    }
    const wanted = (url.searchParams.get('status') ?? 'pinned').split(',');
    const found = this.asked.filter(
      ({ cid, status }) => this.ignoresFilter || (cid === url.searchParams.get('cid') && wanted.includes(status)),
    );
    return json(200, { count: found.length, results: found.map(shown) });
  }
}
