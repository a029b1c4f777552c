import { createKeyPairSignerFromPrivateKeyBytes, getAddressEncoder } from '@solana/kit';
import { type DemoBettor, seatBettor } from '../cli/demo-bettors.ts';
import { ApiClient, betAnswerOf } from '../client/api.ts';
import { betBody, signBet } from '../client/bet-signing.ts';
import { checkAnswer, checkLimit, checkSeedCommitment, type VaultContext } from '../client/checks.ts';
import { SYSTEM_CLOCK } from '../client/clock.ts';
import type { PendingBet } from '../client/record.ts';
import { DEFAULT_RETRY_LIMITS } from '../client/retry.ts';
import { loadSession } from '../client/session-secret.ts';
import { RecordBook } from '../client/signing-record.ts';
import { MemoryStore } from '../client/store.ts';
import { fetchTransport, type HttpTransport } from '../client/transport.ts';
import { accountIdOf } from '../protocol/account.ts';
import { fieldToHex, toHex } from '../protocol/bytes.ts';
import { seedRangeOf } from '../protocol/seed-commitment.ts';
import type { SessionKey } from '../protocol/session.ts';

/** 0.0001 SOL. */
const STAKE_UNITS = 10n;
/** Bettors that open their vaults at the same time. */
const SEATED_AT_ONCE = 20;

/** A bettor that signs ahead: heads depend on its own bets alone. */
export interface BurstBettor {
  client: DemoBettor['client'];
  key: SessionKey;
  accountId: bigint;
  nextBet: bigint;
  head: bigint;
}

export interface SignedBet {
  bettor: BurstBettor;
  bet: PendingBet;
  body: string;
}

/** Bettors with fresh wallets, open vaults and deposits. Their records are in memory: a burst is not money. */
export async function seatBurst(input: {
  apiUrl: string;
  rpcUrl: string;
  count: number;
  onProgress: (message: string) => void;
}): Promise<BurstBettor[]> {
  const { apiUrl, rpcUrl } = input;
  const bettors: BurstBettor[] = [];
  let next = 0;
  const seat = async () => {
    while (next < input.count) {
      const index = next;
      next += 1;
      const store = new MemoryStore();
      const { client } = await seatBettor({ index, apiUrl, rpcUrl, store, onBet: () => undefined });
      bettors.push(await burstBettor(client, { store, index, apiUrl }));
      input.onProgress(`${bettors.length} of ${input.count} bettors are ready`);
    }
  };
  await Promise.all(Array.from({ length: SEATED_AT_ONCE }, seat));
  return bettors;
}

async function burstBettor(
  client: DemoBettor['client'],
  input: { store: MemoryStore; index: number; apiUrl: string },
): Promise<BurstBettor> {
  const { genesisHash, house, domain } = client.house;
  const seed = Buffer.from((await input.store.get(`wallets/${input.index}`)) as string, 'hex');
  const wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(seed));
  const book = new RecordBook(input.store, { genesisHash, house, owner: client.owner });
  const { key } = await loadSession({ wallet, book, origin: new URL(input.apiUrl).origin, genesisHash, house });
  const vault = Uint8Array.from(getAddressEncoder().encode(client.vaultAddress));
  const accountId = accountIdOf({ domain, vault });
  await assertLimit(client, input.apiUrl);
  return { client, key, accountId, nextBet: 1n, head: accountId };
}

/** The house takes only what it has promised to take: a vault's first limit is made when it is asked for. */
async function assertLimit(client: DemoBettor['client'], apiUrl: string): Promise<void> {
  const { limit } = await apiAt({ apiUrl, transport: fetchTransport }).vault(client.owner);
  const { maxStakeUnits } = checkLimit(contextOf(client), limit);
  if (maxStakeUnits < STAKE_UNITS) throw new Error(`the house takes ${maxStakeUnits} stake units at most`);
}

function contextOf({ house, vaultAddress }: DemoBettor['client']): VaultContext {
  const vault = Uint8Array.from(getAddressEncoder().encode(vaultAddress));
  return { domain: house.domain, house: house.houseBytes, vault, receiptKey: house.receiptKey };
}

function apiAt(place: { apiUrl: string; transport: HttpTransport }): ApiClient {
  return new ApiClient({ ...place, clock: SYSTEM_CLOCK, retry: DEFAULT_RETRY_LIMITS, timeoutMs: 10_000 });
}

/** Signs each bettor's next `count` bets, outside the measured time. */
export function signAhead(bettors: readonly BurstBettor[], count: number): SignedBet[][] {
  return bettors.map((bettor) =>
    Array.from({ length: count }, (_, index) => {
      const { key, accountId, nextBet: betNumber, head: headBefore } = bettor;
      const termsId = bettor.client.house.terms.id;
      const choice = index % 2 === 0 ? 1 : 0;
      const bet = signBet({ key, accountId, betNumber, headBefore, termsId, stakeUnits: STAKE_UNITS, choice });
      bettor.nextBet += 1n;
      bettor.head = bet.head;
      return { bettor, bet, body: betBody(bettor.client.owner, bet) };
    }),
  );
}

/** Checks every answer in full, as the client does. Throws the evidence if one is wrong. */
export async function checkAnswers(
  answers: readonly { signed: SignedBet; text: string }[],
  place: { apiUrl: string; transport: HttpTransport },
): Promise<void> {
  const api = apiAt(place);
  const roots = new Map<string, { root: Uint8Array; commitment: Awaited<ReturnType<ApiClient['seedCommitment']>> }>();
  for (const { signed, text } of answers) {
    const { bettor, bet } = signed;
    const { house, owner } = bettor.client;
    const context = contextOf(bettor.client);
    const range = { termsId: bet.termsId, rangeIndex: seedRangeOf(bet.betNumber) };
    let known = roots.get(`${owner}/${range.rangeIndex}`);
    if (!known) {
      const commitment = await api.seedCommitment(owner, range.rangeIndex);
      known = { root: checkSeedCommitment(context, { signed: commitment, ...range }), commitment };
      roots.set(`${owner}/${range.rangeIndex}`, known);
    }
    checkAnswer(context, { bet, answer: betAnswerOf(JSON.parse(text)), ...known, profitBps: house.terms.profitBps });
  }
  for (const { client, nextBet, head } of new Set(answers.map(({ signed }) => signed.bettor))) {
    const vault = await api.vault(client.owner);
    if (vault.nextBet !== nextBet || toHex(vault.head) !== fieldToHex(head)) {
      throw new Error(`vault of ${client.owner}: the service is at bet ${vault.nextBet}, ${nextBet} expected`);
    }
  }
}
