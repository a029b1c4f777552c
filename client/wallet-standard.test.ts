// Would catch: a wallet on the page that is asked for less than the SDK needs, or whose answer is believed when it is another than asked for.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  createKeyPairSignerFromPrivateKeyBytes,
  getTransactionDecoder,
  getTransactionEncoder,
  type KeyPairSigner,
} from '@solana/kit';
import type { SolanaSignMessageInput, SolanaSignTransactionInput } from '@solana/wallet-standard-features';
import { getWallets } from '@wallet-standard/app';
import { FakeChain } from './test/fake-chain.ts';
import { RECEIPT_KEY } from './test/fake-service.ts';
import { fastClock } from './test/table.ts';
import { sendUntilFinal } from './transactions.ts';
import { signText } from './wallet.ts';
import { canBet, connectWallet, type WalletApp, watchWallets } from './wallet-standard.ts';

/** What a wallet app does differently. */
interface Oddities {
  without?: string;
  declines?: boolean;
  prefixes?: boolean;
  /** Bytes of a transaction as it is signed instead. */
  changes?: (transaction: Uint8Array) => Uint8Array;
}

const signer = () => createKeyPairSignerFromPrivateKeyBytes(new Uint8Array(32).fill(8));

async function signedBy(key: KeyPairSigner, bytes: Uint8Array): Promise<Uint8Array> {
  const transaction = getTransactionDecoder().decode(bytes);
  const [signatures] = await key.signTransactions([transaction as never]);
  const signed = { ...transaction, signatures: { ...transaction.signatures, ...signatures } };
  return Uint8Array.from(getTransactionEncoder().encode(signed));
}

function appOf(key: KeyPairSigner, odd: Oddities = {}): WalletApp {
  const account = { address: key.address, publicKey: new Uint8Array(32), chains: ['solana:devnet' as const], features: [] };
  const features: Record<string, unknown> = {
    'standard:connect': {
      version: '1.0.0',
      connect: async () => {
        if (odd.declines) throw new Error('User rejected the request.');
        return { accounts: [account] };
      },
    },
    'solana:signMessage': {
      version: '1.1.0',
      signMessage: async ({ message }: SolanaSignMessageInput) => {
        const signedMessage = odd.prefixes ? Uint8Array.from([1, ...message]) : message;
        const [signatures] = await key.signMessages([{ content: signedMessage, signatures: {} } as never]);
        return [{ signedMessage, signature: signatures?.[key.address] }];
      },
    },
    'solana:signTransaction': {
      version: '1.0.0',
      supportedTransactionVersions: ['legacy', 0],
      signTransaction: async ({ transaction }: SolanaSignTransactionInput) => {
        const bytes = odd.changes?.(transaction) ?? transaction;
        return [{ signedTransaction: await signedBy(key, bytes) }];
      },
    },
  };
  delete features[odd.without ?? ''];
  const app = {
    version: '1.0.0',
    name: 'Test wallet',
    icon: 'data:image/png;base64,',
    chains: account.chains,
    accounts: [],
    features,
  };
  return app as unknown as WalletApp;
}

describe('a wallet of the page', () => {
  it('is listed when it can bet, as soon as it is there', () => {
    const seen: number[] = [];
    const end = watchWallets((wallets) => seen.push(wallets.length));
    const unregister = getWallets().register(appOf({ address: 'a' } as KeyPairSigner));
    getWallets().register(appOf({ address: 'a' } as KeyPairSigner, { without: 'solana:signMessage' }));
    unregister();
    end();
    getWallets().register(appOf({ address: 'a' } as KeyPairSigner));
    assert.deepEqual(seen, [0, 1, 1, 0]);
    assert.equal(canBet({ ...appOf({ address: 'a' } as KeyPairSigner), chains: ['eip155:1'] }), false);
  });

  it('signs the session message as the account itself would', async () => {
    const key = await signer();
    const wallet = await connectWallet(appOf(key));
    assert.deepEqual(await signText(wallet, 'a text'), await signText(key, 'a text'));
  });

  it('signs transactions that land', async () => {
    const key = await signer();
    const wallet = await connectWallet(appOf(key), { chain: 'solana:devnet' });
    const chain = await FakeChain.create(RECEIPT_KEY);
    chain.onSend = (signature) => void chain.statuses.set(signature, { commitment: 'finalized', slot: 3n, failure: null });
    const sent = { chain, clock: fastClock(), instructions: [], timeoutMs: 1_000 };
    const own = await sendUntilFinal({ ...sent, wallet: key });
    assert.equal((await sendUntilFinal({ ...sent, wallet })).signature, own.signature);
  });

  const cases: [string, Oddities][] = [
    ['whose user declines', { declines: true }],
    ['that lacks a feature', { without: 'solana:signTransaction' }],
    ['that signs another message', { prefixes: true }],
    // The blockhash ends the message, but for the two counts of no instructions and no lookup tables.
    ['that puts another blockhash in', { changes: (bytes) => bytes.with(bytes.length - 3, (bytes.at(-3) ?? 0) ^ 1) }],
  ];
  for (const [what, odd] of cases) {
    it(`${what} is WALLET_FAILED`, async () => {
      const key = await signer();
      const chain = await FakeChain.create(RECEIPT_KEY);
      const use = async () => {
        const wallet = await connectWallet(appOf(key, odd));
        await signText(wallet, 'a text');
        await sendUntilFinal({ chain, clock: fastClock(), instructions: [], timeoutMs: 1_000, wallet });
      };
      await assert.rejects(use(), { code: 'WALLET_FAILED' });
      assert.equal(chain.sent.length, 0);
    });
  }
});
