import { seedRangeOf } from '../../../protocol/seed-commitment.ts';
import { CasinoError } from '../../errors.ts';
import { answers } from '../answers.ts';
import { balanceJson, signedJson, vaultJson } from '../json.ts';
import { parseAddress, parseU64 } from '../requests.ts';
import * as schema from '../schemas.ts';
import { type ApiParts, MAX_COMMITMENTS_PER_MINUTE, perMinute, type Server } from './parts.ts';

/** Ranges beyond the next bet's that are committed to: what an unspent limit may reach into. */
const MAX_RANGES_AHEAD = 3n;

export function registerVaultRoutes(server: Server, { admission }: ApiParts): void {
  server.get(
    '/v1/balance/:user',
    {
      schema: {
        operationId: 'getBalance',
        tags: ['vaults'],
        summary: 'What a bettor has',
        params: schema.UserParams,
        response: answers(schema.BalanceSchema, ['UNKNOWN_VAULT']),
      },
    },
    async (request) => {
      const vault = admission.vaultOf(parseAddress(request.params.user));
      const balance = balanceJson(vault);
      await vault.durable();
      return balance;
    },
  );
  server.get(
    '/v1/vaults/:user',
    {
      schema: {
        operationId: 'getVault',
        tags: ['vaults'],
        summary: "Where a bettor's chain of bets stands",
        params: schema.UserParams,
        response: answers(schema.VaultSchema, ['UNKNOWN_VAULT']),
      },
    },
    async (request) => {
      const vault = admission.vaultOf(parseAddress(request.params.user));
      const limit = await admission.limitOf(vault);
      return vaultJson(vault, limit);
    },
  );
  server.get(
    '/v1/seed-commitments/:user/:range',
    {
      schema: {
        operationId: 'getSeedCommitment',
        tags: ['vaults'],
        summary: 'The commitment to a range of server seeds',
        params: schema.RangeParams,
        response: answers(schema.SeedCommitmentSchema, ['UNKNOWN_VAULT', 'NOT_FOUND']),
      },
      config: perMinute(MAX_COMMITMENTS_PER_MINUTE),
    },
    (request) => {
      const { user, range } = request.params;
      const vault = admission.vaultOf(parseAddress(user));
      const rangeIndex = parseU64(range, 'range');
      if (rangeIndex > seedRangeOf(vault.lastBet + 1n) + MAX_RANGES_AHEAD) {
        throw new CasinoError('NOT_FOUND', `range ${rangeIndex} is too far ahead of bet ${vault.lastBet}`);
      }
      return { user, range, commitment: signedJson(admission.seedCommitment(vault, rangeIndex)) };
    },
  );
}
