import type { AddressInfo } from 'node:net';
import Fastify from 'fastify';

/** Answers every bet with the same text, of the size of a real answer: what HTTP alone costs. Sends its port to its parent. */
const ANSWER = JSON.stringify({ answer: 'x'.repeat(2_600) });

const server = Fastify({ logger: false });
server.post('/v1/bet', async (_, reply) => reply.type('application/json').send(ANSWER));
await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (server.server.address() as AddressInfo).port });
process.on('disconnect', () => process.exit());
