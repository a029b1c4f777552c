import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type Address, isAddress } from '@solana/kit';
import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { Static } from 'typebox';
import { pointFromBytes } from '../../protocol/babyjubjub.ts';
import { stakeUnitsOf } from '../../protocol/bet.ts';
import { fromHex } from '../../protocol/bytes.ts';
import { U64_LIMIT } from '../../protocol/constants.ts';
import { signatureFromBytes } from '../../protocol/eddsa.ts';
import { fieldFromBytes } from '../../protocol/field.ts';
import { seedRangeOf } from '../../protocol/seed-commitment.ts';
import type { Admission, BetAnswer, BetRequest } from '../admission/admission.ts';
import type { VaultBook } from '../admission/book.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import { balanceJson, batchJson, betAnswerJson, betJson, historyJson, quarantineJson, signedJson, vaultJson } from './json.ts';
import * as schema from './schemas.ts';

/** What the routes read and call. */
export interface ApiParts {
  admission: Admission;
  book: VaultBook;
  read: LedgerReader;
  /** Told of every bet that was taken for the first time or again. */
  onBet(owner: Address, answer: BetAnswer): void;
  house(): Static<typeof schema.HouseSchema>;
  health(): Static<typeof schema.HealthSchema>;
}

type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A commitment costs 256 hashes. */
const MAX_COMMITMENTS_PER_MINUTE = 1_200;
/** Ranges beyond the next bet's that are committed to: what an unspent limit may reach into. */
const MAX_RANGES_AHEAD = 3n;
/** Held vaults that one answer lists, the longest held first. */
const MAX_HELD_SHOWN = 100;
const MAX_U64_DIGITS_VALUE = U64_LIMIT - 1n;

/** All HTTP routes. Answers are documented in schemas.ts. */
export function registerRoutes(server: Server, parts: ApiParts): void {
  registerBetRoutes(server, parts);
  registerVaultRoutes(server, parts);
  registerBatchRoutes(server, parts);
  server.get('/v1/house', { schema: { response: { 200: schema.HouseSchema } } }, () => parts.house());
  server.get('/health', { schema: { response: { 200: schema.HealthSchema, 503: schema.HealthSchema } } }, async (_, reply) => {
    const health = parts.health();
    return reply.status(health.status === 'ok' ? 200 : 503).send(health);
  });
}

function registerBetRoutes(server: Server, { admission, book, read, onBet }: ApiParts): void {
  server.post(
    '/v1/bet',
    { schema: { body: schema.BetRequestSchema, response: { 200: schema.BetAnswerSchema } } },
    async (request) => {
      const bet = parseBet(request.body);
      const answer = await admission.placeBet(bet);
      onBet(bet.owner, answer);
      return betAnswerJson(answer);
    },
  );
  server.get('/v1/bets/:id', { schema: { params: schema.BetParams, response: { 200: schema.BetSchema } } }, (request) => {
    const bet = read.betByHead(fromHex(request.params.id, 32));
    const vault = bet && book.byAddress(addressOf(bet.vault));
    if (!bet || !vault) throw new CasinoError('NOT_FOUND', 'no acknowledged bet has this id');
    const batch = read.batchOfBet(bet.vault, bet.betNumber);
    return betJson({ bet, owner: vault.owner, receipt: admission.receiptOf(vault, bet), batch, quarantine: vault.quarantine });
  });
}

function registerVaultRoutes(server: Server, { admission }: ApiParts): void {
  server.get(
    '/v1/balance/:user',
    { schema: { params: schema.UserParams, response: { 200: schema.BalanceSchema } } },
    async (request) => {
      const vault = admission.vaultOf(parseAddress(request.params.user));
      const balance = balanceJson(vault);
      await vault.durable();
      return balance;
    },
  );
  server.get(
    '/v1/vaults/:user',
    { schema: { params: schema.UserParams, response: { 200: schema.VaultSchema } } },
    async (request) => {
      const vault = admission.vaultOf(parseAddress(request.params.user));
      const limit = await admission.limitOf(vault);
      return vaultJson(vault, limit);
    },
  );
  server.get(
    '/v1/seed-commitments/:user/:range',
    {
      schema: { params: schema.RangeParams, response: { 200: schema.SeedCommitmentSchema } },
      config: { rateLimit: { max: MAX_COMMITMENTS_PER_MINUTE, timeWindow: 60_000 } },
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

function registerBatchRoutes(server: Server, { read, book }: ApiParts): void {
  server.get('/v1/quarantine', { schema: { response: { 200: schema.QuarantineSchema } } }, () => {
    const held = [...book.all()].flatMap((vault) => (vault.quarantine ? [quarantineJson(vault, vault.quarantine)] : []));
    held.sort((a, b) => a.since - b.since);
    return { held: held.length, vaults: held.slice(0, MAX_HELD_SHOWN) };
  });
  server.get('/v1/batches', { schema: { querystring: schema.BatchesQuery } }, (request) => {
    const before = request.query.before === undefined ? MAX_U64_DIGITS_VALUE >> 1n : parseU64(request.query.before, 'before');
    return { batches: read.batches({ before, limit: request.query.limit ?? 20 }).map(batchJson) };
  });
  server.get(
    '/v1/batches/:number',
    { schema: { params: schema.BatchParams, response: { 200: schema.BatchDetailSchema } } },
    (request) => {
      const batchNumber = parseU64(request.params.number, 'number');
      const batch = read.batch(batchNumber);
      if (!batch) throw new CasinoError('NOT_FOUND', `no batch ${batchNumber}`);
      return { ...batchJson(batch), history: historyJson(read.auditTrail(batchNumber)) };
    },
  );
}

/** A bet from its JSON; `BAD_REQUEST` for what the schema can not see: stakes, canonical field elements, numbers over 64 bits. */
function parseBet(body: Static<typeof schema.BetRequestSchema>): BetRequest {
  const clientSeed = fromHex(body.client_seed, 32);
  const sessionKey = fromHex(body.session_key, 64);
  const signature = fromHex(body.sig, 96);
  fieldFromBytes(clientSeed);
  pointFromBytes(sessionKey);
  signatureFromBytes(signature);
  return {
    owner: parseAddress(body.user),
    stakeUnits: stakeUnitsOf(parseU64(body.amount, 'amount')),
    choice: body.guess === 'heads' ? 1 : 0,
    betNumber: parseU64(body.nonce, 'nonce'),
    termsId: body.terms_id,
    clientSeed,
    sessionKey,
    signature,
  };
}

function parseU64(text: string, name: string): bigint {
  const value = BigInt(text);
  if (value > MAX_U64_DIGITS_VALUE) throw new CasinoError('BAD_REQUEST', `${name} does not fit 64 bits`);
  return value;
}

function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new CasinoError('BAD_REQUEST', 'user is not a Solana address');
  return text;
}
