import { createKeyPairSignerFromPrivateKeyBytes } from '@solana/kit';
import { BrowserStore, CasinoClient } from '../index.ts';
import { FakeChain } from './fake-chain.ts';

/** What a test calls on a page of its own: a bettor with a `BrowserStore`, and a chain that the page plays to itself. */
export interface TestPage {
  /** Opens store, client and vault. */
  open(receiptKey: number[]): Promise<{ owner: string; persistent: boolean }>;
  /** Places bets at once; the numbers of those that were answered. */
  bet(count: number): Promise<string[]>;
  resume(): Promise<string[]>;
  /** Error code of an attempt to open a store, or `opened`. */
  storeCode(): Promise<string>;
  /** Puts and gets a value under the store's lock, as often as told, adding one each time. */
  count(times: number): Promise<void>;
  counted(): Promise<string | undefined>;
  /** Error code of a call on a store that was closed. */
  closedCode(): Promise<string>;
}

let client: CasinoClient;
let store: BrowserStore;
const numbers = (results: readonly { betNumber: bigint }[]) => results.map(({ betNumber }) => `${betNumber}`);
const codeOf = (action: () => Promise<unknown>) =>
  action().then(
    () => 'opened',
    (error: { code?: string }) => error.code ?? String(error),
  );

export const page: TestPage = {
  async open(receiptKey) {
    store = await BrowserStore.open('test');
    const chain = await FakeChain.create(Uint8Array.from(receiptKey));
    const wallet = await createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(5));
    client = await CasinoClient.connect({
      ...{ apiUrl: location.origin, rpcUrl: 'http://unused', chain, wallet, store },
      onWarning: () => {},
    });
    const key = `${client.house.genesisHash}/${client.house.house}/${client.owner}/record`;
    const show = async () => {
      const record = JSON.parse((await store.get(key)) ?? '{}') as { sessionKeyHash?: string };
      if (record.sessionKeyHash === undefined) return;
      await chain.putVault({ owner: wallet.address, sessionKeyHash: BigInt(`0x${record.sessionKeyHash}`) });
    };
    chain.onSend = async (signature) => {
      chain.statuses.set(signature, { commitment: 'finalized', slot: 1n, failure: null });
      await show();
    };
    await show();
    await client.openVault();
    return { owner: client.owner, persistent: store.persistent };
  },
  async bet(count) {
    const bets = Array.from({ length: count }, () => client.bet({ amount: 10_000n, guess: 'heads' }));
    return numbers(await Promise.all(bets));
  },
  async resume() {
    return numbers(await client.resume());
  },
  storeCode: () => codeOf(() => BrowserStore.open('test')),
  async count(times) {
    const counter = await BrowserStore.open('counter');
    for (let time = 0; time < times; time += 1) {
      await counter.withLock('counter', async () => {
        await counter.put('count', `${Number((await counter.get('count')) ?? '0') + 1}`);
      });
    }
  },
  counted: async () => (await BrowserStore.open('counter')).get('count'),
  closedCode: async () => {
    const closed = await BrowserStore.open('closed');
    closed.close();
    return codeOf(() => closed.put('key', 'value'));
  },
};
