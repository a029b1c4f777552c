import type { WebSocket } from 'ws';
import type { ChainLog } from './chain.ts';
import { invalidParams, RPC_ERROR, RpcError } from './errors.ts';
import type { Json } from './json.ts';
import { stringifyJson } from './json.ts';
import { MAX_SUBSCRIPTIONS_PER_WEBSOCKET, MAX_WEBSOCKET_BUFFERED_BYTES } from './limits.ts';
import { type AccountFormat, readAccountFilter, readAccountFormat } from './rpc/account-json.ts';
import { errorText, parseBody, type RpcRequest, readRequest, resultText } from './rpc/dispatch.ts';
import { type Config, readAddress, readCommitment, readConfig, readCount, readFlag, readSignature } from './rpc/params.ts';
import type { Notify, Subscriptions, Topic } from './subscriptions.ts';

type TopicReader = (params: readonly Json[]) => Topic;

const readFormat = (config: Config): AccountFormat => ({ ...readAccountFormat(config), tooLarge: 'text' });

const TOPICS: { readonly [method: string]: TopicReader } = {
  accountSubscribe: (params) => {
    const config = readConfig(params[1]);
    const commitment = readCommitment(config.commitment);
    return { kind: 'account', commitment, address: readAddress(params[0]), format: readFormat(config) };
  },
  programSubscribe: (params) => {
    const config = readConfig(params[1]);
    const commitment = readCommitment(config.commitment);
    const matches = readAccountFilter(config.filters);
    return {
      kind: 'program',
      commitment,
      program: readAddress(params[0]),
      format: readFormat(config),
      matches,
    };
  },
  signatureSubscribe: (params) => {
    const config = readConfig(params[1]);
    if (readFlag(config.enableReceivedNotification, 'enableReceivedNotification')) {
      throw invalidParams('enableReceivedNotification is not supported');
    }
    const commitment = readCommitment(config.commitment);
    return { kind: 'signature', commitment, signature: readSignature(params[0]) };
  },
  logsSubscribe: (params) => {
    const commitment = readCommitment(readConfig(params[1]).commitment);
    if (params[0] === 'all' || params[0] === 'allWithVotes') return { kind: 'logs', commitment, mentions: null };
    const mentions = readConfig(params[0]).mentions;
    if (!Array.isArray(mentions) || mentions.length !== 1) {
      throw invalidParams('Invalid Request: Only 1 address supported');
    }
    return { kind: 'logs', commitment, mentions: readAddress(mentions[0]) };
  },
  slotSubscribe: () => ({ kind: 'slot' }),
  rootSubscribe: () => ({ kind: 'root' }),
};

const UNSUBSCRIBE = new Set(Object.keys(TOPICS).map((method) => method.replace('Subscribe', 'Unsubscribe')));

/** One WebSocket: its subscriptions, their limit, and the end of a client that does not read. */
export class SubscriberConnection {
  readonly #socket: WebSocket;
  readonly #subscriptions: Subscriptions;
  readonly #log: ChainLog;
  readonly #ids = new Set<number>();

  /** Serves a WebSocket until it closes. */
  constructor(socket: WebSocket, parts: { subscriptions: Subscriptions; log: ChainLog }) {
    this.#socket = socket;
    this.#subscriptions = parts.subscriptions;
    this.#log = parts.log;
    socket.on('message', (data, binary) => {
      // A text frame arrives as one Buffer: the server's `ws` keeps its default binaryType.
      if (binary) socket.close(1003, 'text frames only');
      else this.#onMessage((data as Buffer).toString('utf8'));
    });
    socket.on('error', (error) => parts.log.warn({ err: error }, 'WebSocket error'));
    socket.on('close', () => {
      for (const id of this.#ids) this.#subscriptions.remove(id);
      this.#ids.clear();
    });
  }

  #onMessage(text: string): void {
    let id: Json = null;
    try {
      const request = readRequest(parseBody(text));
      // Keep-alive pings of clients are notifications: no answer.
      if (request.id === undefined) return;
      id = request.id;
      this.#answer(request.id, request);
    } catch (error) {
      this.#send(errorText(id, error, this.#log));
    }
  }

  #answer(id: Json, request: RpcRequest): void {
    const readTopic = Object.hasOwn(TOPICS, request.method) ? TOPICS[request.method] : undefined;
    if (readTopic !== undefined) return this.#subscribe(id, readTopic(request.params));
    if (!UNSUBSCRIBE.has(request.method)) throw new RpcError(RPC_ERROR.methodNotFound, 'Method not found');
    const subscription = readCount(request.params[0], { name: 'subscription', max: Number.MAX_SAFE_INTEGER });
    if (!this.#ids.delete(subscription)) throw invalidParams('Invalid subscription id.');
    this.#subscriptions.remove(subscription);
    this.#send(resultText(id, true));
  }

  #subscribe(id: Json, topic: Topic): void {
    if (this.#ids.size >= MAX_SUBSCRIPTIONS_PER_WEBSOCKET) {
      const message = `a connection holds at most ${MAX_SUBSCRIPTIONS_PER_WEBSOCKET} subscriptions`;
      throw new RpcError(RPC_ERROR.internal, message);
    }
    const notify: Notify = (method, result) => {
      this.#send(stringifyJson({ jsonrpc: '2.0', method, params: { result, subscription } }));
    };
    const onDone = (): void => {
      this.#ids.delete(subscription);
    };
    const subscription = this.#subscriptions.add({ topic, notify, onDone });
    this.#ids.add(subscription);
    this.#send(resultText(id, subscription));
  }

  #send(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > MAX_WEBSOCKET_BUFFERED_BYTES) {
      this.#log.warn({ bufferedBytes: this.#socket.bufferedAmount }, 'cut off a WebSocket that does not read');
      this.#socket.terminate();
      return;
    }
    this.#socket.send(text);
  }
}
