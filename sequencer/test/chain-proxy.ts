import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getBase58Decoder } from '@solana/kit';

/** What the proxy does to a request instead of passing it on and its answer back. */
export type Fault =
  /** Passes it on and cuts the connection instead of answering: a timeout after landing. */
  | { kind: 'lose-answer' }
  /** Answers a sent transaction with its signature and passes nothing on. */
  | { kind: 'swallow' }
  /** As `swallow`, and keeps the request for `release`. */
  | { kind: 'hold' }
  /** Passes it on this often; the first answer goes back. */
  | { kind: 'repeat'; times: number }
  /** Answers with a status code, and these headers. */
  | { kind: 'status'; code: number; headers?: Record<string, string> }
  /** Answers 200 with this text. */
  | { kind: 'say'; text: string }
  /** Passes it on and cuts the answer off in the middle. */
  | { kind: 'tear-answer' }
  /** Cuts the connection at once. */
  | { kind: 'cut' }
  /** Passes it on after this time. */
  | { kind: 'delay'; ms: number }
  /** Runs a step of the test, then passes it on: something of another client's lands between. */
  | { kind: 'before'; run(): Promise<void> }
  /** Asks another node. */
  | { kind: 'reroute'; url: string };

interface Rule {
  methods: readonly string[] | undefined;
  fault: Fault;
  left: number;
}

interface Call {
  id: unknown;
  method: string;
  params: readonly unknown[];
  body: string;
}

interface Exchange {
  call: Call;
  request: IncomingMessage;
  response: ServerResponse;
}

/** An HTTP proxy before a Solana node that fails by method and by count, as a test tells it. Rules apply first come, first served. */
export class ChainProxy {
  /** The node behind it. */
  upstream: string;
  /** Requests that came in, oldest first: the method, its signature if it is about one, and when. */
  readonly calls: { method: string; signature: string | undefined; atMs: number }[] = [];
  readonly #server: Server;
  #rules: Rule[] = [];
  #held: Call[] = [];

  private constructor(upstream: string) {
    this.upstream = upstream;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch(() => response.destroy());
    });
  }

  static async start(upstream: string): Promise<ChainProxy> {
    const proxy = new ChainProxy(upstream);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Signatures of the transactions that were sent so far, whatever became of them; each once. */
  get sent(): string[] {
    return [...new Set(this.calls.filter(({ method }) => method === 'sendTransaction').map((call) => call.signature as string))];
  }

  /** Adds a rule for these methods (all if undefined) and this many of their requests. */
  fail(methods: readonly string[] | undefined, fault: Fault, times = Number.POSITIVE_INFINITY): void {
    this.#rules.push({ methods, fault, left: times });
  }

  /** Drops all rules. */
  heal(): void {
    this.#rules = [];
  }

  get held(): number {
    return this.#held.length;
  }

  /**
   * Passes on what is held, oldest first; resolves to the node's answers. `keep` holds it for another time, `skipDryRun` has it land
   * even if it fails.
   */
  async release(options: { keep?: boolean; skipDryRun?: boolean } = {}): Promise<string[]> {
    const held = this.#held;
    if (!options.keep) this.#held = [];
    const answers: string[] = [];
    for (const call of held) answers.push((await this.#forward(options.skipDryRun ? withoutDryRun(call) : call)).text);
    return answers;
  }

  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const call = { ...(JSON.parse(body) as Omit<Call, 'body'>), body };
    this.calls.push({ method: call.method, signature: subjectOf(call), atMs: performance.now() });
    const rule = this.#rules.find(({ methods, left }) => left > 0 && (!methods || methods.includes(call.method)));
    if (!rule) return this.#passOn({ call, request, response });
    rule.left -= 1;
    await this.#apply(rule.fault, { call, request, response });
  }

  async #apply(fault: Fault, exchange: Exchange): Promise<void> {
    const { call, request, response } = exchange;
    switch (fault.kind) {
      case 'lose-answer':
        await this.#forward(call);
        return void request.socket.destroy();
      case 'hold':
        this.#held.push(call);
        return say(response, signatureAnswer(call));
      case 'swallow':
        return say(response, signatureAnswer(call));
      case 'repeat': {
        const answers = await Promise.all(Array.from({ length: fault.times }, () => this.#forward(call)));
        return say(response, (answers[0] as Answer).text);
      }
      case 'status':
        return void response.writeHead(fault.code, fault.headers).end('not now');
      case 'say':
        return say(response, fault.text);
      case 'tear-answer': {
        const { text } = await this.#forward(call);
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
        response.write(text.slice(0, text.length / 2), () => request.socket.destroy());
        return;
      }
      case 'cut':
        return void request.socket.destroy();
      case 'delay':
        await new Promise((resolve) => setTimeout(resolve, fault.ms));
        return this.#passOn(exchange);
      case 'before':
        await fault.run();
        return this.#passOn(exchange);
      case 'reroute':
        return this.#passOn(exchange, fault.url);
    }
  }

  async #passOn({ call, response }: Exchange, url = this.upstream): Promise<void> {
    const { status, text } = await this.#forward(call, url);
    response.writeHead(status, { 'content-type': 'application/json' }).end(text);
  }

  async #forward(call: Call, url = this.upstream): Promise<Answer> {
    const answer = await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: call.body });
    return { status: answer.status, text: await answer.text() };
  }
}

interface Answer {
  status: number;
  text: string;
}

function say(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

/** The first signature of a sent transaction, in base58: bytes 1 to 64, as it has fewer than 128 signatures. */
function signatureOf({ params }: Call): string {
  return getBase58Decoder().decode(Buffer.from(params[0] as string, 'base64').subarray(1, 65));
}

function withoutDryRun({ id, method, params }: Call): Call {
  const changed = [params[0], { ...(params[1] as object), skipPreflight: true }];
  return { id, method, params: changed, body: JSON.stringify({ jsonrpc: '2.0', id, method, params: changed }) };
}

function subjectOf(call: Call): string | undefined {
  if (call.method === 'sendTransaction') return signatureOf(call);
  return call.method === 'getSignatureStatuses' ? (call.params[0] as string[])[0] : undefined;
}

function signatureAnswer(call: Call): string {
  return JSON.stringify({ jsonrpc: '2.0', id: call.id, result: signatureOf(call) });
}
