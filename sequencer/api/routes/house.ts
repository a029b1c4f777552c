import { ERROR_CODES, type ErrorCode } from '../../errors.ts';
import { answers } from '../answers.ts';
import { ErrorsSchema, HouseSchema } from '../house-schemas.ts';
import type { ApiParts, Server } from './parts.ts';

export function registerHouseRoutes(server: Server, parts: ApiParts): void {
  const house = {
    operationId: 'getHouse',
    tags: ['house'],
    summary: 'The house, its terms, its limits and its keys',
    description: 'As of the newest finalized look at the chain; the list of verifying keys is up to a minute older.',
    response: answers(HouseSchema, ['NOT_LEADING']),
  };
  server.get('/v1/house', { schema: house }, () => parts.house());
  const errors = {
    operationId: 'listErrors',
    tags: ['house'],
    summary: 'Every error code, its status, and whether to retry',
    response: answers(ErrorsSchema),
  };
  const codes = Object.entries(ERROR_CODES).map(([code, error]) => ({ code: code as ErrorCode, ...error }));
  server.get('/v1/errors', { schema: errors }, () => ({ errors: codes }));
}
