import type { Static } from 'typebox';
import { fromHex } from '../../../protocol/bytes.ts';
import { fieldFromBytes } from '../../../protocol/field.ts';
import { receiptFileJson } from '../../../protocol/receipt-file.ts';
import type { VaultState } from '../../admission/vault-state.ts';
import { CasinoError } from '../../errors.ts';
import { addressOf } from '../../ledger/addresses.ts';
import type { BetRecord } from '../../ledger/records.ts';
import { answers } from '../answers.ts';
import { betPage } from '../bet-list.ts';
import * as schema from '../bet-schemas.ts';
import { betAnswerJson, betJson } from '../json.ts';
import { receiptFileOf } from '../receipt-file.ts';
import { pageLimit, parseAddress, parseBet, parseTimes, parseU64 } from '../requests.ts';
import { Standings } from '../standings.ts';
import { type ApiParts, MAX_COMMITMENTS_PER_MINUTE, MAX_PAGES_PER_MINUTE, perMinute, type Server } from './parts.ts';

/** A bet costs some reads, and 256 hashes if nobody has asked for one of its range of late. */
const MAX_LOOKUPS_PER_MINUTE = 6_000;

const BET_CODES = [
  'BAD_SIGNATURE',
  'WRONG_SESSION_KEY',
  'UNKNOWN_VAULT',
  'BET_CONFLICT',
  'BET_GAP',
  'BODY_TOO_LARGE',
  'REFUSED',
  'VAULT_CLOSED',
  'NOT_LEADING',
  'ARCHIVE_MISSING',
  'ARCHIVE_CORRUPT',
] as const;

export function registerBetRoutes(server: Server, parts: ApiParts): void {
  const { admission, onBet } = parts;
  const post = {
    operationId: 'placeBet',
    tags: ['bets'],
    summary: 'Places a bet',
    description: 'Answered once the bet is durable. The same bytes get the same answer, at any time.',
    body: schema.BetRequestSchema,
    response: answers(schema.BetAnswerSchema, BET_CODES),
  };
  server.post('/v1/bet', { schema: post }, async (request) => {
    const bet = parseBet(request.body);
    const answer = await admission.placeBet(bet);
    onBet(bet.owner, answer);
    return betAnswerJson(answer);
  });
  registerListRoute(server, parts);
  registerBetRoute(server, parts);
  registerReceiptRoute(server, parts);
}

function registerListRoute(server: Server, parts: ApiParts): void {
  const list = {
    operationId: 'listBets',
    tags: ['bets'],
    summary: 'Bets, newest first',
    description:
      'Filters may be combined. Bets that have moved to archives are found by `user` or by `batch`. A page reads a bounded number of bets: it may hold fewer than `limit`, even none, while there is a `next`.',
    querystring: schema.BetsQuery,
    response: answers(schema.BetsSchema, ['UNKNOWN_VAULT', 'NOT_FOUND', 'ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']),
  };
  server.get('/v1/bets', { schema: list, config: perMinute(MAX_PAGES_PER_MINUTE) }, ({ query }) => {
    const { user, outcome, won, status, batch, cursor, limit } = query;
    return betPage(parts, {
      ...parseTimes(query),
      vault: user === undefined ? undefined : parts.admission.vaultOf(parseAddress(user)).context.vault,
      batch: batch === undefined ? undefined : parseU64(batch, 'batch'),
      outcome: outcome === undefined ? undefined : outcome === 'heads' ? 1 : 0,
      won: won === undefined ? undefined : won === 'true',
      ...{ status, cursor, limit: pageLimit(limit) },
    });
  });
}

/** A bet by its id, and all that stands before it; `NOT_FOUND`. */
function betOf({ book, read }: ApiParts, id: string): { bet: BetRecord; vault: VaultState; headBefore: bigint } {
  const bet = read.betByHead(fromHex(id, 32));
  const vault = bet && book.byAddress(addressOf(bet.vault));
  if (!bet || !vault) throw new CasinoError('NOT_FOUND', 'no acknowledged bet has this id');
  if (bet.betNumber === 1n) return { bet, vault, headBefore: vault.accountId };
  const before = read.bet(bet.vault, bet.betNumber - 1n);
  if (!before) throw new CasinoError('LEDGER_CORRUPT', `the bet before ${id} is missing`);
  return { bet, vault, headBefore: fieldFromBytes(before.head) };
}

function registerBetRoute(server: Server, parts: ApiParts): void {
  const { admission } = parts;
  const route = {
    operationId: 'getBet',
    tags: ['bets'],
    summary: 'A bet by its id, with all that its outcome follows from',
    params: schema.BetParams,
    response: answers(schema.BetSchema, ['NOT_FOUND', 'ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']),
  };
  server.get('/v1/bets/:id', { schema: route, config: perMinute(MAX_LOOKUPS_PER_MINUTE) }, ({ params }) => {
    const { bet, vault, headBefore } = betOf(parts, params.id);
    const standing = new Standings(parts).of(bet)?.standing ?? {};
    const receipt = admission.receiptOf(vault, bet);
    return betJson({ bet, owner: vault.owner, receipt, standing, headBefore, seed: admission.revealed(vault, bet) });
  });
}

function registerReceiptRoute(server: Server, parts: ApiParts): void {
  const { admission, read, house } = parts;
  const route = {
    operationId: 'getReceiptFile',
    tags: ['bets'],
    summary: 'The receipt file of a bet: all that is needed to check it against the chain',
    params: schema.BetParams,
    response: answers(schema.ReceiptFileSchema, ['NOT_FOUND', 'NOT_LEADING', 'ARCHIVE_MISSING', 'ARCHIVE_CORRUPT']),
  };
  server.get('/v1/bets/:id/receipt', { schema: route, config: perMinute(MAX_COMMITMENTS_PER_MINUTE) }, ({ params }) => {
    const { bet, vault, headBefore } = betOf(parts, params.id);
    const { genesis_hash: genesisHash, program, house: address, receipt_key: receiptKey } = house();
    const file = receiptFileOf({
      place: { genesisHash, program, house: address, receiptKey },
      ...{ vault, bet, headBefore },
      receipt: admission.receiptOf(vault, bet),
      seed: admission.revealed(vault, bet),
      batch: read.batchOfBet(bet.vault, bet.betNumber),
    });
    return receiptFileJson(file) as Static<typeof schema.ReceiptFileSchema>;
  });
}
