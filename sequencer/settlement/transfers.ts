import { compareBytes } from '../../protocol/bytes.ts';
import type { VaultBook } from '../admission/book.ts';
import type { VaultState } from '../admission/vault-state.ts';
import { CasinoError } from '../errors.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { SettlementChain, SignedTransaction } from './chain-port.ts';

/** Vaults of one transaction: what fits a packet. */
const MAX_TRANSFERS = 20;

/**
 * Pays the withdrawal requests of vaults without unsettled bets, with no proof: it works while the prover is down.
 *
 * Only finalized requests are paid, and while a finalized view shows one no bet of its vault is admitted, so that no batch can hold
 * such a vault. The signature is durable before the bytes are sent, for reconciliation; the bytes need not survive a crash: the next start
 * advances the leader pair, and the program then refuses them.
 */
export class TransferSettler {
  readonly #chain: SettlementChain;
  readonly #book: VaultBook;
  readonly #ledger: LedgerPort;
  #inFlight: InFlight | undefined;

  constructor(options: { chain: SettlementChain; book: VaultBook; ledger: LedgerPort }) {
    this.#chain = options.chain;
    this.#book = options.book;
    this.#ledger = options.ledger;
  }

  /** One step; true if it did something. */
  async step(): Promise<boolean> {
    const view = this.#book.view;
    if (!view) return false;
    const { lastTransfer } = view.finalized.house;
    if (this.#inFlight && lastTransfer < this.#inFlight.transferNumber) {
      if (!(await this.#isDead(this.#inFlight))) return false;
    }
    this.#inFlight = undefined;
    const due = [...this.#book.all()].filter(isDue).sort(earliestFirst).slice(0, MAX_TRANSFERS);
    if (due.length === 0) return false;
    const transfers = due
      .sort((a, b) => compareBytes(a.context.vault, b.context.vault))
      .map(({ address, finalized }) => ({ vault: address, consume: finalized.pendingDeposit }));
    const transferNumber = lastTransfer + 1n;
    const signed = await this.#chain.signTransfers({ transferNumber, transfers });
    this.#inFlight = { transferNumber, signed };
    const vaults = due.map(({ context, lastBet }) => ({ vault: context.vault, lastBet }));
    await this.#ledger.commit([{ kind: 'transfer-signed', signature: signed.signature, transferNumber, vaults }]);
    await this.#chain.send(signed.bytes);
    return true;
  }

  /** Whether sent bytes have not landed and can not any more, by a state of the chain that no fork takes back. */
  async #isDead({ signed, transferNumber }: InFlight): Promise<boolean> {
    const { signature, lastValidBlockHeight } = signed;
    const house = await this.#chain.finalizedHouse();
    const state = await this.#chain.status(signature);
    if (state?.failure && state.commitment === 'finalized') {
      this.#inFlight = undefined;
      throw new CasinoError('CHAIN_MISMATCH', `a transfer failed on chain: ${state.failure}`);
    }
    return state === undefined && house.lastTransfer < transferNumber && house.blockHeight > lastValidBlockHeight;
  }
}

interface InFlight {
  transferNumber: bigint;
  signed: SignedTransaction;
}

/** Whoever could leave by force first is paid first, however many ask: by the deadline, which is later for each new request. */
function earliestFirst({ finalized: a }: VaultState, { finalized: b }: VaultState): number {
  return a.requestDeadline < b.requestDeadline ? -1 : a.requestDeadline > b.requestDeadline ? 1 : 0;
}

function isDue(vault: VaultState): boolean {
  const { requestAmount, lastBet } = vault.finalized;
  const frozen = vault.finalized.frozen || vault.confirmed.frozen;
  return requestAmount > 0n && !frozen && vault.openBets.length === 0 && vault.lastBet === lastBet;
}
