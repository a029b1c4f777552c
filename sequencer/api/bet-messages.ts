import type { FastifyBaseLogger, FastifyError } from 'fastify';
import { CasinoError } from '../errors.ts';
import type { ClientCounter } from './addresses.ts';
import { betBodyOf } from './bet-request.ts';
import { CLOSE_CODES, type ClientSocket } from './client-socket.ts';
import type { ApiLimits } from './limits.ts';
import { errorJson, retryAfterMs, toCasinoError } from './refusals.ts';

/** What bets over a WebSocket share with those over HTTP. */
export interface BetIntake {
  take(body: ReturnType<typeof betBodyOf>): Promise<object>;
  /** Requests under way, of each client and in all. */
  inFlight: ClientCounter;
  isUnderPressure(): boolean;
  /** Counts one request of the socket's client; the time left if it was one too many. */
  countRequest(): Promise<{ waitMs: number } | undefined>;
  limits: ApiLimits;
  log: FastifyBaseLogger;
}

interface Message {
  requestId: string;
  type: unknown;
  body: object;
  bytes: number;
}

const REQUEST_ID = /^[0-9A-Za-z_-]{1,64}$/;

/**
 * Takes the bets that a socket sends as messages. They are decided in the order of their arrival, and answered as each is durable: a vault's bets
 * can be sent ahead without waiting. What can not be answered, because it names no request or one that is still under way, ends the socket.
 */
export function takeBetMessages(socket: ClientSocket, client: string, intake: BetIntake): void {
  const underWay = new Set<string>();
  let decided: Promise<void> = Promise.resolve();
  socket.onMessage((data, isBinary) => {
    if (isBinary) return socket.refuse(CLOSE_CODES.unsupportedData, 'BAD_REQUEST messages are text');
    const message = messageOf(data);
    if (!message) return socket.refuse(CLOSE_CODES.policyViolation, 'BAD_REQUEST messages are JSON with a request_id');
    const { requestId } = message;
    if (underWay.has(requestId)) {
      // An answer to either would be taken for one to the other.
      return socket.refuse(CLOSE_CODES.policyViolation, `BAD_REQUEST ${requestId} is under way already`);
    }
    const isFull = underWay.size >= intake.limits.inFlightPerSocket;
    const counted = isFull ? 'too many on this socket' : intake.inFlight.add(client);
    if (counted !== 'added') {
      const error = new CasinoError('BUSY', `${counted}: send the same bytes again later`);
      return sendError(socket, requestId, { error, waitMs: undefined });
    }
    underWay.add(requestId);
    const ended = () => {
      underWay.delete(requestId);
      intake.inFlight.remove(client);
    };
    decided = decided.then(() => decide(message, { socket, intake, ended }));
  });
}

/** Resolves once the bet is decided, which is before it is durable and answered. */
async function decide(
  message: Message,
  { socket, intake, ended }: { socket: ClientSocket; intake: BetIntake; ended(): void },
): Promise<void> {
  const { requestId } = message;
  const fail = (thrown: unknown, waitMs?: number) => {
    const error = toCasinoError(thrown as FastifyError);
    if (error.code === 'INTERNAL') intake.log.error({ err: thrown }, 'bet over WebSocket failed');
    ended();
    sendError(socket, requestId, { error, waitMs });
  };
  try {
    if (intake.isUnderPressure()) throw new CasinoError('BUSY', 'the service is overloaded; send the same bytes again later');
    const exceeded = await intake.countRequest();
    if (exceeded) {
      const error = new CasinoError('RATE_LIMITED', 'too many requests from this address; slow down');
      return fail(error, exceeded.waitMs);
    }
    if (message.bytes > intake.limits.bodyBytes) throw new CasinoError('BODY_TOO_LARGE', 'Request body is too large');
    if (message.type !== 'bet') throw new CasinoError('BAD_REQUEST', "the type of a message is 'bet'");
    const answered = intake.take(betBodyOf(message.body));
    answered.then((answer) => {
      ended();
      socket.send(JSON.stringify({ type: 'bet_answer', request_id: requestId, answer }));
    }, fail);
  } catch (error) {
    fail(error);
  }
}

function sendError(socket: ClientSocket, requestId: string, refusal: { error: CasinoError; waitMs: number | undefined }): void {
  const { error, waitMs = retryAfterMs(error) } = refusal;
  socket.send(
    JSON.stringify({
      type: 'bet_error',
      request_id: requestId,
      status: error.status,
      ...errorJson(error),
      ...(waitMs !== undefined && { retry_after_ms: waitMs }),
    }),
  );
}

/** A message that can be answered: JSON with a request_id. */
function messageOf(data: Buffer): Message | undefined {
  try {
    const value: unknown = JSON.parse(data.toString('utf8'));
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    const { request_id: requestId, type, ...body } = value as Record<string, unknown>;
    if (typeof requestId !== 'string' || !REQUEST_ID.test(requestId)) return undefined;
    return { requestId, type, body, bytes: data.length };
  } catch {
    return undefined;
  }
}
