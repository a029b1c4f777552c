import type { Server, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { CasinoError } from '../errors.ts';
import { ClientCounter, clientOf } from './addresses.ts';
import type { ApiLimits } from './limits.ts';
import { refuseConnection } from './refusals.ts';

/** Refuses connections beyond what one client and all may have: `BUSY`, and closed. */
export function limitConnections(server: Server, limits: ApiLimits): void {
  const counter = new ClientCounter({ all: limits.connections, perClient: limits.connectionsPerAddress });
  server.prependListener('connection', (socket) => {
    const client = clientOf(socket.remoteAddress);
    const counted = counter.add(client);
    if (counted === 'added') socket.once('close', () => counter.remove(client));
    else refuseConnection(socket, new CasinoError('BUSY', `${counted}: a connection more can not be had now`));
  });
}

/** A hook that puts off requests while too many are under way: of one client, so that others are still answered, and in all. */
export function requestLimiter(counter: ClientCounter) {
  return async (request: { ws: boolean; ip: string }, reply: { raw: ServerResponse }): Promise<void> => {
    if (request.ws) return;
    const client = clientOf(request.ip);
    const counted = counter.add(client);
    if (counted !== 'added') throw new CasinoError('BUSY', `${counted}: send the same bytes again later`);
    finished(reply.raw, () => counter.remove(client));
  };
}
