import { sha256 } from '@noble/hashes/sha2.js';
import { createKeyPairSignerFromPrivateKeyBytes } from '@solana/kit';
import { toHex } from '../../protocol/bytes.ts';
import { CasinoClient } from '../client.ts';
import type { Clock } from '../clock.ts';
import type { ConnectOptions } from '../connect.ts';
import type { FraudEvidenceError } from '../errors.ts';
import { MemoryStore } from '../store.ts';
import { addressOfByte, FakeChain } from './fake-chain.ts';
import { FakeService, RECEIPT_KEY } from './fake-service.ts';

/** A clock whose sleeps take no time but move it on, and whose jitter is always the longest. */
export function fastClock(): Clock {
  let nowMs = 1_700_000_000_000;
  return {
    nowMs: () => nowMs,
    random: () => 0.999,
    sleep: async (durationMs) => {
      nowMs += durationMs;
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

export interface Table {
  apiUrl: string;
  chain: FakeChain;
  service: FakeService;
  store: MemoryStore;
  client: CasinoClient;
  /** Another run of the same bettor, with the same store unless told otherwise. */
  connect(options?: Partial<ConnectOptions>): Promise<CasinoClient>;
  stop(): Promise<void>;
}

/** A fake house, one bettor with an open vault and a balance in base units. */
export async function setTable({ balance = 10_000_000n } = {}): Promise<Table> {
  const chain = await FakeChain.create(RECEIPT_KEY);
  const service = new FakeService(chain);
  const apiUrl = await service.start();
  const wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(5));
  const store = new MemoryStore();
  const connect = (options: Partial<ConnectOptions> = {}) =>
    CasinoClient.connect({
      apiUrl,
      rpcUrl: 'http://unused',
      chain,
      wallet,
      store,
      clock: fastClock(),
      origin: 'https://test',
      ...options,
    });
  const client = await connect();
  chain.onSend = async (signature) => {
    chain.height += 5n;
    chain.statuses.set(signature, { commitment: 'finalized', slot: chain.height, failure: null });
    const { sessionKeyHash } = JSON.parse((await store.get(recordKey(client))) as string) as { sessionKeyHash: string };
    await chain.putVault({ owner: wallet.address, sessionKeyHash: BigInt(`0x${sessionKeyHash}`) });
  };
  await service.addVault(wallet.address, balance);
  await client.openVault();
  return { apiUrl, chain, service, store, client, connect, stop: () => service.stop() };
}

/** Where a client keeps its signing record. */
export function recordKey(client: CasinoClient): string {
  return `${client.house.genesisHash}/${client.house.house}/${client.owner}/record`;
}

/** What the store holds of an evidence that was thrown; undefined if it was not stored. */
export async function storedEvidence(table: Table, error: FraudEvidenceError): Promise<string | undefined> {
  const record = JSON.parse((await table.store.get(recordKey(table.client))) as string) as { nextBet: string };
  const hash = toHex(sha256(new TextEncoder().encode(JSON.stringify(error.evidence)))).slice(0, 32);
  return table.store.get(recordKey(table.client).replace(/record$/, `evidence/${record.nextBet}-${error.kind}-${hash}`));
}

export { addressOfByte };
