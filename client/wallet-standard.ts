import {
  address,
  assertIsTransactionWithinSizeLimit,
  getCompiledTransactionMessageDecoder,
  getTransactionDecoder,
  getTransactionEncoder,
  type SignatureBytes,
  type TransactionModifyingSigner,
} from '@solana/kit';
import {
  SolanaSignMessage,
  type SolanaSignMessageFeature,
  SolanaSignTransaction,
  type SolanaSignTransactionFeature,
} from '@solana/wallet-standard-features';
import { getWallets } from '@wallet-standard/app';
import type { IdentifierString, WalletAccount, Wallet as WalletApp } from '@wallet-standard/base';
import { StandardConnect, type StandardConnectFeature } from '@wallet-standard/features';
import { compareBytes } from '../protocol/bytes.ts';
import { ClientError } from './errors.ts';
import type { Wallet } from './wallet.ts';

/** A wallet app of the Wallet Standard, as a browser extension registers it on a page. */
export type { WalletApp };

type Features = SolanaSignMessageFeature & SolanaSignTransactionFeature & StandardConnectFeature;

const NEEDED = [StandardConnect, SolanaSignMessage, SolanaSignTransaction];

/** The wallets on this page that can be used here, and from then on each time the list changes; ends with the returned function. */
export function watchWallets(onChange: (wallets: readonly WalletApp[]) => void): () => void {
  const registry = getWallets();
  const tell = () => onChange(registry.get().filter(canBet));
  const ends = [registry.on('register', tell), registry.on('unregister', tell)];
  tell();
  return () => {
    for (const end of ends) end();
  };
}

/** Whether a wallet has Solana accounts and the features that the SDK needs. */
export function canBet(app: WalletApp): boolean {
  const names = Object.keys(app.features);
  return NEEDED.every((name) => names.includes(name)) && app.chains.some((chain) => chain.startsWith('solana:'));
}

/**
 * Asks the user to connect a wallet, and takes its first Solana account. `chain`: which cluster the wallet is told, such as
 * `solana:mainnet` or `solana:devnet`; left out, the wallet uses the one that it is set to. `WALLET_FAILED` if the user declines.
 */
export async function connectWallet(app: WalletApp, options: { chain?: IdentifierString } = {}): Promise<Wallet> {
  if (!canBet(app)) throw failed(`${app.name} lacks one of ${NEEDED.join(', ')}`);
  const { connect } = (app.features as unknown as Features)[StandardConnect];
  const { accounts } = await asked(app, () => connect());
  const account = accounts.find(({ chains }) => chains.some((chain) => chain.startsWith('solana:')));
  if (!account) throw failed(`${app.name} shared no Solana account`);
  return walletOf(app, { account, ...options });
}

/**
 * One account of a Wallet Standard wallet as the SDK's wallet. The wallet may add instructions of its own to a transaction, such as a fee or a
 * guard; a transaction under another blockhash than asked for is `WALLET_FAILED`, because it could land after it was given up.
 */
export function walletOf(app: WalletApp, input: { account: WalletAccount; chain?: IdentifierString }): Wallet {
  const { account, chain } = input;
  const features = app.features as unknown as Features;
  const owner = address(account.address);
  return {
    address: owner,
    async signMessages(messages) {
      return Promise.all(
        messages.map(async ({ content }) => {
          const message = Uint8Array.from(content);
          const { signMessage } = features[SolanaSignMessage];
          const [signed] = await asked(app, () => signMessage({ account, message }));
          if (signed?.signature.length !== 64 || compareBytes(signed.signedMessage, message) !== 0) {
            throw failed(`${app.name} signed something else than the message`);
          }
          return { [owner]: Uint8Array.from(signed.signature) as SignatureBytes };
        }),
      );
    },
    async modifyAndSignTransactions(transactions) {
      const wanted = transactions.map((one) => ({
        account,
        transaction: bytesOf(one),
        ...(chain === undefined ? {} : { chain }),
      }));
      const signed = await asked(app, () => features[SolanaSignTransaction].signTransaction(...wanted));
      return transactions.map((one, index) => {
        const bytes = signed[index]?.signedTransaction;
        if (!bytes) throw failed(`${app.name} returned no signed transaction`);
        return sameLifetime(app, { asked: one, bytes });
      });
    },
  };
}

type Asked = Parameters<TransactionModifyingSigner['modifyAndSignTransactions']>[0][number];
type Signed = Awaited<ReturnType<TransactionModifyingSigner['modifyAndSignTransactions']>>[number];

function bytesOf(transaction: Asked): Uint8Array {
  return Uint8Array.from(getTransactionEncoder().encode(transaction));
}

/** A signed transaction with the asked one's blockhash: after its last block height it is known that it never lands. */
function sameLifetime(app: WalletApp, input: { asked: Asked; bytes: Uint8Array }): Signed {
  const signed = getTransactionDecoder().decode(input.bytes);
  assertIsTransactionWithinSizeLimit(signed);
  const { lifetimeToken } = getCompiledTransactionMessageDecoder().decode(signed.messageBytes);
  const lifetime = 'lifetimeConstraint' in input.asked ? input.asked.lifetimeConstraint : undefined;
  if (!lifetime || !('blockhash' in lifetime) || lifetimeToken !== lifetime.blockhash) {
    throw failed(`${app.name} signed a transaction under another blockhash than asked for`);
  }
  return { ...signed, lifetimeConstraint: lifetime };
}

/** What the wallet answers; a user who declines, and any other failure of the wallet, is `WALLET_FAILED`. */
async function asked<T>(app: WalletApp, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ClientError('WALLET_FAILED', `${app.name}: ${reason}`, { cause });
  }
}

function failed(message: string): ClientError {
  return new ClientError('WALLET_FAILED', message);
}
