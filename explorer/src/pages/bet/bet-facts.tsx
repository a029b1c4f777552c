import type { BatchDetail, BetDetail } from '../../api-types.ts';
import { BlobLink } from '../../components/blob-link.tsx';
import { Copyable } from '../../components/copyable.tsx';
import { StateBadge } from '../../components/states.tsx';
import { TransactionLink } from '../../components/transaction-link.tsx';
import { Amount, ExactTime, Fact, Facts } from '../../components/values.tsx';

export function Stake({ bet }: { bet: BetDetail }) {
  return (
    <Facts>
      <Fact name="Stake">
        <Amount lamports={bet.amount} detailed />
      </Fact>
      <Fact name="Payout" note={bet.won ? 'stake included' : ''}>
        <Amount lamports={bet.payout} detailed />
      </Fact>
      <Fact name="Balance before">
        <Amount lamports={bet.balance_before} detailed />
      </Fact>
      <Fact name="Balance after">
        <Amount lamports={bet.balance} detailed />
      </Fact>
      <Fact name="Bettor">
        <Copyable text={bet.user} what="address" href={`/bets?user=${bet.user}`} whole />
      </Fact>
      <Fact name="Vault">
        <Copyable text={bet.vault} what="vault" whole />
      </Fact>
      <Fact name="Terms">{bet.terms_id}</Fact>
      <Fact name="Answered">
        <ExactTime timeMs={bet.time} />
      </Fact>
    </Facts>
  );
}

interface SettlementProps {
  bet: BetDetail;
  batch: BatchDetail | undefined;
  genesisHash: string | undefined;
}

export function Settlement({ bet, batch, genesisHash }: SettlementProps) {
  return (
    <Facts>
      <Fact name="Status">
        <StateBadge state={bet.status} />
      </Fact>
      <Fact name="Batch">{bet.batch ? <a href={`/batches/${bet.batch}`}>Batch {bet.batch}</a> : 'In none yet'}</Fact>
      <Fact name="Transaction" note="the settlement on chain">
        {bet.l1_signature ? <TransactionLink signature={bet.l1_signature} genesisHash={genesisHash} /> : 'None yet'}
      </Fact>
      <Fact name="Blob" note="the batch's bets, published">
        {bet.blob_cid ? <BlobLink cid={bet.blob_cid} /> : 'None yet'}
      </Fact>
      {batch?.finalized_at != null && (
        <Fact name="Final since">
          <ExactTime timeMs={batch.finalized_at} />
        </Fact>
      )}
    </Facts>
  );
}

export function Randomness({ bet }: { bet: BetDetail }) {
  return (
    <Facts>
      <Fact name="Client seed" note="the bettor's part">
        <Copyable text={bet.client_seed} what="client seed" whole />
      </Fact>
      <Fact name="Server seed" note="the house's part, now revealed">
        <Copyable text={bet.server_seed} what="server seed" whole />
      </Fact>
      <Fact name="Seed commitment" note="signed by the house before the bet">
        <Copyable text={bet.vrf.commitment.message} what="seed commitment" whole />
      </Fact>
      <Fact name="Its signature">
        <Copyable text={bet.vrf.commitment.signature} what="signature of the seed commitment" whole />
      </Fact>
      <Fact name="Path to its root" note={`${bet.vrf.path.length} hashes`}>
        <details>
          <summary>Show the hashes</summary>
          <ol class="hashes mono">
            {bet.vrf.path.map((hash, index) => (
              <li key={`${index}-${hash}`}>{hash}</li>
            ))}
          </ol>
        </details>
      </Fact>
    </Facts>
  );
}

export function Signatures({ bet }: { bet: BetDetail }) {
  return (
    <Facts>
      <Fact name="Head before" note="of the vault's chain of bets">
        <Copyable text={bet.head_before} what="head before" whole />
      </Fact>
      <Fact name="Head after" note="the bet's id">
        <Copyable text={bet.bet_id} what="bet id" whole />
      </Fact>
      <Fact name="Session key" note="BabyJubJub, Ax || Ay">
        <Copyable text={bet.session_key} what="session key" whole />
      </Fact>
      <Fact name="Bettor's signature" note="EdDSA-Poseidon, R8x || R8y || S">
        {bet.sig ? (
          <Copyable text={bet.sig} what="bettor's signature" whole />
        ) : (
          'the one of a later bet of the same batch stands for it'
        )}
      </Fact>
      {bet.receipt ? (
        <>
          <Fact name="Receipt" note="what the house signed">
            <Copyable text={bet.receipt.message} what="receipt" whole />
          </Fact>
          <Fact name="House's signature" note="ed25519, over the receipt">
            <Copyable text={bet.receipt.signature} what="house's signature" whole />
          </Fact>
        </>
      ) : (
        <Fact name="Receipt">with its bettor alone: the house learnt this bet from the chain after a restore</Fact>
      )}
    </Facts>
  );
}
