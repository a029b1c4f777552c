import type { Address } from './base58.ts';
import { encodeBase58 } from './base58.ts';
import type { Commitment, LocalChain } from './chain.ts';
import type { AccountFilter, AccountFormat } from './rpc/account-json.ts';
import { accountJson, keyedAccountJson } from './rpc/account-json.ts';
import { withContext } from './rpc/params.ts';
import type { LandedTransaction } from './transaction-log.ts';
import type { StoredAccount } from './vm.ts';

/** What a subscriber asked for. */
export type Topic =
  | { kind: 'account'; commitment: Commitment; address: Address; format: AccountFormat }
  | {
      kind: 'program';
      commitment: Commitment;
      program: Address;
      format: AccountFormat;
      matches: AccountFilter;
    }
  | { kind: 'signature'; commitment: Commitment; signature: string }
  | { kind: 'logs'; commitment: Commitment; mentions: Address | null }
  | { kind: 'slot' }
  | { kind: 'root' };

/** Sends one notification to the subscriber. */
export type Notify = (method: `${Topic['kind']}Notification`, result: unknown) => void;

type Subscription = { topic: Topic; notify: Notify; onDone: () => void };

/**
 * Tells subscribers what reached the commitment that they asked for. It is driven by the chain's own events: a
 * transaction at the moment it lands for commitments without lag, a slot when it reaches the others.
 */
export class Subscriptions {
  readonly #chain: LocalChain;
  readonly #subscriptions = new Map<number, Subscription>();
  readonly #reached: { confirmed: number; finalized: number };
  /** Signature subscriptions that have not yet been told of what was reached before them. */
  readonly #newSignatures = new Set<number>();
  #nextId = 1;

  constructor(chain: LocalChain) {
    this.#chain = chain;
    this.#reached = { confirmed: chain.slotAt('confirmed'), finalized: chain.slotAt('finalized') };
    chain.onLanded((landed, changes) => {
      for (const commitment of ['processed', 'confirmed', 'finalized'] as const) {
        if (chain.slotAt(commitment) !== landed.slot) continue;
        this.#tellTransaction(commitment, landed);
        for (const { address, after } of changes) this.#tellAccount(commitment, landed.slot, { address, account: after });
      }
    });
    chain.onSlot((slot) => this.#onSlot(slot));
  }

  /** How many are open. */
  get count(): number {
    return this.#subscriptions.size;
  }

  /** Adds a subscription and returns its id; `onDone` is called when it ends by itself. */
  add(subscription: Subscription): number {
    const id = this.#nextId;
    this.#nextId += 1;
    this.#subscriptions.set(id, subscription);
    if (subscription.topic.kind === 'signature') this.#newSignatures.add(id);
    return id;
  }

  /** Ends a subscription; false when there is none with that id. */
  remove(id: number): boolean {
    return this.#subscriptions.delete(id);
  }

  #onSlot(slot: number): void {
    const root = this.#chain.slotAt('finalized');
    for (const { topic, notify } of this.#subscriptions.values()) {
      if (topic.kind === 'slot') notify('slotNotification', { slot, parent: slot - 1, root });
      if (topic.kind === 'root' && root > this.#reached.finalized) notify('rootNotification', root);
    }
    this.#reach('confirmed', slot);
    this.#reach('finalized', slot);
    for (const id of this.#newSignatures) this.#catchUp(id);
    this.#newSignatures.clear();
  }

  /**
   * Tells a signature subscriber what had been reached before. As on a cluster this comes with the next slot: clients
   * begin to listen only after they have read the answer with the subscription's id.
   */
  #catchUp(id: number): void {
    const topic = this.#subscriptions.get(id)?.topic;
    if (topic?.kind !== 'signature') return;
    const landed = this.#chain.state.transactions.bySignature(topic.signature);
    if (landed !== undefined && landed.slot <= this.#chain.slotAt(topic.commitment)) {
      this.#finishSignature(id, this.#chain.slotAt(topic.commitment), landed);
    }
  }

  /** Tells of the slots that newly reached a commitment with a lag; without one they were told on landing. */
  #reach(commitment: 'confirmed' | 'finalized', newest: number): void {
    const { state } = this.#chain;
    const reached = this.#chain.slotAt(commitment);
    for (let slot = this.#reached[commitment] + 1; slot <= reached && slot < newest; slot += 1) {
      for (const landed of state.transactions.inSlot(slot)) this.#tellTransaction(commitment, landed);
      for (const address of state.accounts.changedIn(slot)) {
        this.#tellAccount(commitment, slot, { address, account: state.accountAt(address, slot) });
      }
    }
    this.#reached[commitment] = reached;
  }

  #tellTransaction(commitment: Commitment, landed: LandedTransaction): void {
    const { execution, signature, slot } = landed;
    for (const [id, { topic, notify }] of this.#subscriptions) {
      if (topic.kind === 'signature' && topic.commitment === commitment && topic.signature === signature) {
        this.#finishSignature(id, slot, landed);
      }
      if (topic.kind !== 'logs' || topic.commitment !== commitment) continue;
      if (topic.mentions !== null && !execution.addresses.includes(topic.mentions)) continue;
      const value = { signature, err: execution.err, logs: execution.logs };
      notify('logsNotification', withContext(slot, value));
    }
  }

  #finishSignature(id: number, slot: number, landed: LandedTransaction): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) return;
    subscription.notify('signatureNotification', withContext(slot, { err: landed.execution.err }));
    this.#subscriptions.delete(id);
    subscription.onDone();
  }

  #tellAccount(commitment: Commitment, slot: number, changed: { address: Address; account: StoredAccount | null }): void {
    const { address, account } = changed;
    for (const { topic, notify } of this.#subscriptions.values()) {
      if (topic.kind === 'account' && topic.commitment === commitment && topic.address === address) {
        notify('accountNotification', withContext(slot, accountJson(account ?? CLOSED_ACCOUNT, topic.format)));
      }
      if (topic.kind !== 'program' || topic.commitment !== commitment || account === null) continue;
      if (encodeBase58(account.owner) !== topic.program || !topic.matches(account)) continue;
      notify('programNotification', withContext(slot, keyedAccountJson({ address, account }, topic.format)));
    }
  }
}

/** What Solana sends for an account that ceased to exist. */
const CLOSED_ACCOUNT: StoredAccount = {
  lamports: 0n,
  owner: new Uint8Array(32),
  data: new Uint8Array(),
  executable: false,
};
