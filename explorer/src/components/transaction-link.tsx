import { Copyable } from './copyable.tsx';
import { ExternalLink } from './icons.tsx';

/** Clusters that a public explorer shows, by their genesis hash. */
const CLUSTERS: Record<string, string> = {
  '5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d': '',
  EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG: '?cluster=devnet',
  '4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY': '?cluster=testnet',
};

interface TransactionLinkProps {
  /** Base58. */
  signature: string;
  genesisHash: string | undefined;
}

/** A settling transaction's signature, with the way to a public explorer where the chain has one. */
export function TransactionLink({ signature, genesisHash }: TransactionLinkProps) {
  const cluster = genesisHash === undefined ? undefined : CLUSTERS[genesisHash];
  return (
    <>
      <Copyable text={signature} what="transaction signature" whole />
      {cluster !== undefined && (
        <ExternalLink href={`https://explorer.solana.com/tx/${encodeURIComponent(signature)}${cluster}`}>
          Solana Explorer
        </ExternalLink>
      )}
    </>
  );
}
