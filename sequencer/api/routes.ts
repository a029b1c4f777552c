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
import { receiptFileJson } from '../../protocol/receipt-file.ts';
import { seedRangeOf } from '../../protocol/seed-commitment.ts';
import type { Admission, BetAnswer, BetRequest } from '../admission/admission.ts';
import type { VaultBook } from '../admission/book.ts';
import { hasReceipt } from '../admission/receipts.ts';
import type { BlobStore } from '../blobs/store.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { LedgerReader } from '../ledger/reader.ts';
import { PROBLEMS } from '../operations/problems.ts';
import { type ReconciliationReport, reportJson } from '../operations/reconcile.ts';
import { answers, blobAnswers } from './answers.ts';
import { blobSender } from './blob-route.ts';
import { balanceJson, batchJson, betAnswerJson, betJson, historyJson, quarantineJson, signedJson, vaultJson } from './json.ts';
import * as operations from './operation-schemas.ts';
import { receiptFileOf } from './receipt-file.ts';
import * as schema from './schemas.ts';

/** What the routes read and call. */
export interface ApiParts {
  admission: Admission;
  book: VaultBook;
  read: LedgerReader;
  blobs: Pick<BlobStore, 'read'>;
  /** Told of every bet that was taken for the first time or again. */
  onBet(owner: Address, answer: BetAnswer): void;
  house(): Static<typeof schema.HouseSchema>;
  health(): Static<typeof operations.HealthSchema>;
  /** The newest report; undefined before the first. */
  reconciliation(): ReconciliationReport | undefined;
}

type Server = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** A commitment, and the path of a revealed seed, cost 256 hashes. */
const MAX_COMMITMENTS_PER_MINUTE = 1_200;
/** A blob costs a file read and a hash; a verifier reads all there are. */
const MAX_BLOBS_PER_MINUTE = 12_000;
/** Ranges beyond the next bet's that are committed to: what an unspent limit may reach into. */
const MAX_RANGES_AHEAD = 3n;
/** Held vaults that one answer lists, the longest held first. */
const MAX_HELD_SHOWN = 100;
const MAX_U64 = U64_LIMIT - 1n;
const DEFAULT_PAGE = 20;
const RECEIPT_BYTES = 213;
/** SQLite compares its integers with their sign. */
const BEYOND_ALL_BATCHES = MAX_U64 >> 1n;

const BET_CODES = [
  'BAD_SIGNATURE',
  'WRONG_SESSION_KEY',
  'UNKNOWN_VAULT',
  'BET_CONFLICT',
  'BET_GAP',
  'BODY_TOO_LARGE',
  'REFUSED',
  'NOT_LEADING',
  'ARCHIVE_MISSING',
  'ARCHIVE_CORRUPT',
] as const;

/** All HTTP routes. Answers are documented in schemas.ts. */
export function registerRoutes(server: Server, parts: ApiParts): void {
  registerBetRoutes(server, parts);
  registerVaultRoutes(server, parts);
  registerBatchRoutes(server, parts);
  const house = { summary: 'The house, its terms and its limits', response: answers(schema.HouseSchema, ['NOT_LEADING']) };
  server.get('/v1/house', { schema: house }, () => parts.house());
  registerOperationRoutes(server, parts);
}

function registerOperationRoutes(server: Server, parts: ApiParts): void {
  const { HealthSchema, ReadySchema } = operations;
  const health = { summary: 'Whether all is well', response: { ...answers(HealthSchema), 503: HealthSchema } };
  server.get('/health', { schema: health }, async (_, reply) => {
    const health = parts.health();
    return reply.status(health.status === 'ok' ? 200 : 503).send(health);
  });
  const live = { summary: 'Whether the process answers', response: answers(operations.LiveSchema) };
  server.get('/health/live', { schema: live }, () => {
    return { live: true as const, uptime_ms: Math.round(1_000 * process.uptime()) };
  });
  const ready = { summary: 'Whether bets are taken', response: { ...answers(ReadySchema), 503: ReadySchema } };
  server.get('/health/ready', { schema: ready }, async (_, reply) => {
    const { ready, problems } = parts.health();
    return reply.status(ready ? 200 : 503).send({ ready, problems: problems.filter(({ code }) => PROBLEMS[code].stopsBets) });
  });
  const reconciliation = {
    summary: 'The newest comparison of ledger and chain',
    response: answers(operations.ReconciliationSchema, ['NOT_FOUND']),
  };
  server.get('/v1/reconciliation', { schema: reconciliation }, () => {
    const report = parts.reconciliation();
    if (!report) throw new CasinoError('NOT_FOUND', 'there is no reconciliation report yet');
    return reportJson(report);
  });
}

function registerBetRoutes(server: Server, parts: ApiParts): void {
  const { admission, book, read, onBet } = parts;
  server.post(
    '/v1/bet',
    {
      schema: {
        summary: 'Places a bet',
        body: schema.BetRequestSchema,
        response: answers(schema.BetAnswerSchema, BET_CODES),
      },
    },
    async (request) => {
      const bet = parseBet(request.body);
      const answer = await admission.placeBet(bet);
      onBet(bet.owner, answer);
      return betAnswerJson(answer);
    },
  );
  const found = {
    summary: 'A bet by its id',
    params: schema.BetParams,
    response: answers(schema.BetSchema, ['NOT_FOUND', 'ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']),
  };
  server.get('/v1/bets/:id', { schema: found }, (request) => {
    const bet = read.betByHead(fromHex(request.params.id, 32));
    const vault = bet && book.byAddress(addressOf(bet.vault));
    if (!bet || !vault) throw new CasinoError('NOT_FOUND', 'no acknowledged bet has this id');
    const batch = read.batchOfBet(bet.vault, bet.betNumber);
    const { owner, quarantine } = vault;
    const voided = read.voided(bet.vault);
    return betJson({ bet, owner, receipt: admission.receiptOf(vault, bet), batch, quarantine, voided });
  });
  registerReceiptRoute(server, parts);
}

function registerReceiptRoute(server: Server, { admission, book, read, house }: ApiParts): void {
  const route = {
    summary: 'The receipt file of a bet: all that is needed to check it against the chain',
    params: schema.BetParams,
    response: answers(schema.ReceiptFileSchema, ['NOT_FOUND', 'NOT_LEADING', 'ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']),
  };
  const rateLimit = { max: MAX_COMMITMENTS_PER_MINUTE, timeWindow: 60_000 };
  server.get('/v1/bets/:id/receipt', { schema: route, config: { rateLimit } }, (request) => {
    const bet = read.betByHead(fromHex(request.params.id, 32));
    const vault = bet && book.byAddress(addressOf(bet.vault));
    if (!bet || !vault) throw new CasinoError('NOT_FOUND', 'no acknowledged bet has this id');
    if (!hasReceipt(bet)) throw new CasinoError('NOT_FOUND', 'the receipt of this bet is with its bettor alone');
    const before = bet.betNumber === 1n ? undefined : read.bet(bet.vault, bet.betNumber - 1n);
    if (!before && bet.betNumber > 1n) throw new CasinoError('LEDGER_CORRUPT', `the bet before ${request.params.id} is missing`);
    const { genesis_hash: genesisHash, program, house: address, receipt_key: receiptKey } = house();
    const file = receiptFileOf({
      place: { genesisHash, program, house: address, receiptKey },
      ...{ vault, bet, headBefore: before ? fieldFromBytes(before.head) : vault.accountId },
      receipt: admission.receiptOf(vault, bet),
      seed: admission.revealed(vault, bet),
      batch: read.batchOfBet(bet.vault, bet.betNumber),
    });
    return receiptFileJson(file) as Static<typeof schema.ReceiptFileSchema>;
  });
}

function registerVaultRoutes(server: Server, { admission }: ApiParts): void {
  server.get(
    '/v1/balance/:user',
    {
      schema: {
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
        summary: 'The commitment to a range of server seeds',
        params: schema.RangeParams,
        response: answers(schema.SeedCommitmentSchema, ['UNKNOWN_VAULT', 'NOT_FOUND']),
      },
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

function registerBatchRoutes(server: Server, { read, book, blobs }: ApiParts): void {
  const quarantine = { summary: 'Vaults whose bets could not be settled yet', response: answers(schema.QuarantineSchema) };
  server.get('/v1/quarantine', { schema: quarantine }, () => {
    const held = [...book.all()].flatMap((vault) => (vault.quarantine ? [quarantineJson(vault, vault.quarantine)] : []));
    held.sort((a, b) => a.since - b.since);
    return { held: held.length, vaults: held.slice(0, MAX_HELD_SHOWN) };
  });
  const list = {
    summary: 'Batches, newest first',
    querystring: schema.BatchesQuery,
    response: answers(schema.BatchesSchema),
  };
  server.get('/v1/batches', { schema: list }, (request) => {
    const below = request.query.before === undefined ? BEYOND_ALL_BATCHES : parseU64(request.query.before, 'before');
    const before = below < BEYOND_ALL_BATCHES ? below : BEYOND_ALL_BATCHES;
    return { batches: read.batches({ before, limit: Number(request.query.limit ?? DEFAULT_PAGE) }).map(batchJson) };
  });
  server.get(
    '/v1/batches/:number',
    {
      schema: {
        summary: 'A batch and its history',
        params: schema.BatchParams,
        response: answers(schema.BatchDetailSchema, ['NOT_FOUND']),
      },
    },
    (request) => {
      const batchNumber = parseU64(request.params.number, 'number');
      const batch = read.batch(batchNumber);
      if (!batch) throw new CasinoError('NOT_FOUND', `no batch ${batchNumber}`);
      return { ...batchJson(batch), history: historyJson(read.auditTrail(batchNumber)) };
    },
  );
  server.get(
    '/v1/blobs/:cid',
    {
      schema: {
        summary: "A batch's blob, the bytes themselves",
        params: schema.BlobParams,
        response: blobAnswers(['NOT_FOUND', 'BLOB_CORRUPT']),
      },
      config: { rateLimit: { max: MAX_BLOBS_PER_MINUTE, timeWindow: 60_000 } },
    },
    blobSender(blobs),
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
    ...(body.receipt && {
      receipt: { message: fromHex(body.receipt.message, RECEIPT_BYTES), signature: fromHex(body.receipt.signature, 64) },
    }),
  };
}

function parseU64(text: string, name: string): bigint {
  const value = BigInt(text);
  if (value > MAX_U64) throw new CasinoError('BAD_REQUEST', `${name} does not fit 64 bits`);
  return value;
}

function parseAddress(text: string): Address {
  if (!isAddress(text)) throw new CasinoError('BAD_REQUEST', 'user is not a Solana address');
  return text;
}
