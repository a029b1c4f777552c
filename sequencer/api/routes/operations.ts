import { CasinoError } from '../../errors.ts';
import { PROBLEMS } from '../../operations/problems.ts';
import { reportJson } from '../../operations/reconcile.ts';
import { answers } from '../answers.ts';
import * as operations from '../operation-schemas.ts';
import type { ApiParts, Server } from './parts.ts';

export function registerOperationRoutes(server: Server, parts: ApiParts): void {
  const { HealthSchema, ReadySchema } = operations;
  const health = {
    operationId: 'getHealth',
    tags: ['operation'],
    summary: 'Whether all is well',
    response: { ...answers(HealthSchema), 503: HealthSchema },
  };
  server.get('/health', { schema: health }, async (_, reply) => {
    const health = parts.health();
    return reply.status(health.status === 'ok' ? 200 : 503).send(health);
  });
  const live = {
    operationId: 'getLiveness',
    tags: ['operation'],
    summary: 'Whether the process answers',
    response: answers(operations.LiveSchema),
  };
  server.get('/health/live', { schema: live }, () => {
    return { live: true as const, uptime_ms: Math.round(1_000 * process.uptime()) };
  });
  const ready = {
    operationId: 'getReadiness',
    tags: ['operation'],
    summary: 'Whether bets are taken',
    response: { ...answers(ReadySchema), 503: ReadySchema },
  };
  server.get('/health/ready', { schema: ready }, async (_, reply) => {
    const { ready, problems } = parts.health();
    return reply.status(ready ? 200 : 503).send({ ready, problems: problems.filter(({ code }) => PROBLEMS[code].stopsBets) });
  });
  const reconciliation = {
    operationId: 'getReconciliation',
    tags: ['operation'],
    summary: 'The newest comparison of ledger and chain',
    response: answers(operations.ReconciliationSchema, ['NOT_FOUND']),
  };
  server.get('/v1/reconciliation', { schema: reconciliation }, () => {
    const report = parts.reconciliation();
    if (!report) throw new CasinoError('NOT_FOUND', 'there is no reconciliation report yet');
    return reportJson(report);
  });
}
