import type { Address } from '@solana/kit';
import type { VaultView } from '../chain/view.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import { causeOf } from '../settlement/causes.ts';
import type {
  BatchInstruction,
  DryRunFailure,
  FinalizedHouse,
  KeyLifetime,
  LandedBatch,
  SettlementChain,
  SignatureState,
  SignedTransaction,
  Transfer,
} from '../settlement/chain-port.ts';

interface Landed extends LandedBatch {
  signature: string;
  batch: BatchInstruction;
  commitment: SignatureState['commitment'];
}

/**
 * A chain that keeps the program's rule (batch numbers one after the other, under the present leader pair, no frozen vaults) and fails when it is
 * told to. Signed transactions stay valid until their height, as on a real chain: a test can land them late.
 */
export class FakeSettlementChain implements SettlementChain {
  height = 100n;
  leader = { epoch: 1n, nonce: 1n };
  /** What `send` does with the transaction. */
  onSend: 'land' | 'drop' | 'land-and-fail' | 'fail' | 'reject' = 'land';
  /** A vault as it was before any batch. */
  shown: (vault: Address) => VaultView | undefined = () => undefined;
  /** Vaults that no batch may hold, and why; nothing that `confirmedVaults` shows tells. */
  readonly badVaults = new Map<Address, string>();
  /** What the chain shows of a vault beside what its batches did to it. */
  readonly changes = new Map<Address, Partial<VaultView>>();
  /** Likewise, of what is merely confirmed. */
  readonly confirmedChanges = new Map<Address, Partial<VaultView>>();
  /** Why the house can settle nothing. */
  houseFailure: string | undefined;
  readonly keys = new Map<number, KeyLifetime>([1, 2, 3].map((id) => [id, { activeFromSlot: 0n, retiredFromSlot: 1n << 63n }]));
  dryRuns = 0;
  readonly signed = new Map<string, BatchInstruction & { lastValidBlockHeight: bigint; leaderEpoch: bigint }>();
  readonly sent: string[] = [];
  /** Vaults that have left by a forced exit: no batch with one of them lands any more. */
  readonly frozen = new Set<string>();
  landed: Landed[] = [];
  readonly #transfers = new Map<string, () => void>();

  async signBatch(batch: BatchInstruction): Promise<SignedTransaction> {
    const signature = `signature-${this.signed.size + 1}`;
    const lastValidBlockHeight = this.height + 150n;
    this.signed.set(signature, { ...batch, lastValidBlockHeight, leaderEpoch: this.leader.epoch });
    const bytes = new TextEncoder().encode(signature);
    return { bytes, signature, lastValidBlockHeight, leaderEpoch: this.leader.epoch, leaderNonce: this.leader.nonce };
  }

  readonly paid: Transfer[] = [];
  lastTransfer = 0n;

  async signTransfers(input: { transferNumber: bigint; transfers: readonly Transfer[] }): Promise<SignedTransaction> {
    const signature = `transfer-${input.transferNumber}`;
    this.#transfers.set(signature, () => {
      if (input.transferNumber !== this.lastTransfer + 1n) return;
      this.lastTransfer = input.transferNumber;
      this.paid.push(...input.transfers);
    });
    const { epoch: leaderEpoch, nonce: leaderNonce } = this.leader;
    const bytes = new TextEncoder().encode(signature);
    return { bytes, signature, lastValidBlockHeight: this.height + 150n, leaderEpoch, leaderNonce };
  }

  async dryRun(batch: BatchInstruction): Promise<DryRunFailure | undefined> {
    this.dryRuns += 1;
    if (this.houseFailure) return { reason: this.houseFailure, scope: 'house' };
    if (batch.batchNumber !== BigInt(this.landed.length) + 1n) return { reason: 'WRONG_BATCH_NUMBER', scope: 'house' };
    const key = this.keys.get(batch.vkId);
    if (!key || key.retiredFromSlot <= this.height) return { reason: 'RETIRED_VERIFYING_KEY', scope: 'verifying-key' };
    const failure = this.#failureOf(batch);
    return failure === undefined ? undefined : { reason: failure, scope: 'vaults' };
  }

  /** What the program would say of a batch's vaults. */
  #failureOf(batch: BatchInstruction): string | undefined {
    for (const run of batch.runs) {
      const bad = this.badVaults.get(addressOf(run.vault));
      if (bad) return bad;
      const view = this.#confirmed(addressOf(run.vault));
      const cause = view && causeOf(run, { vault: view, slot: this.height, termsId: batch.termsId });
      if (cause) return cause.reason;
    }
    return undefined;
  }

  #confirmed(vault: Address): VaultView | undefined {
    const view = this.shown(vault);
    return view && this.vaultAfter(view, 'confirmed');
  }

  async confirmedVaults(vaults: readonly Address[]) {
    return { slot: this.height, vaults: vaults.map((vault) => this.#confirmed(vault)) };
  }

  async verifyingKeys() {
    return { slot: this.height, keys: this.keys };
  }

  async send(transaction: Uint8Array): Promise<void> {
    const signature = new TextDecoder().decode(transaction);
    if (this.#transfers.has(signature)) return this.#transfers.get(signature)?.();
    this.sent.push(signature);
    if (this.onSend === 'reject') throw new CasinoError('SETTLEMENT_REJECTED', 'the dry run failed');
    if (this.onSend === 'land' || this.onSend === 'land-and-fail') this.land(signature);
    if (this.onSend === 'fail' || this.onSend === 'land-and-fail') throw new CasinoError('CHAIN_UNREACHABLE', 'timeout');
  }

  /** Executes a signed transaction if the program would, now. */
  land(signature: string): boolean {
    const batch = this.signed.get(signature);
    if (!batch || this.landed.some((one) => one.signature === signature)) return false;
    const valid = this.height <= batch.lastValidBlockHeight && batch.leaderEpoch === this.leader.epoch;
    if (batch.runs.some((run) => this.frozen.has(addressOf(run.vault)))) return false;
    if (!valid || batch.batchNumber !== BigInt(this.landed.length) + 1n) return false;
    if (this.houseFailure || this.#failureOf(batch)) return false;
    const { batchNumber, blobHash } = batch;
    this.landed.push({ signature, batch, batchNumber, blobHash, computeUnits: 100_000, commitment: 'confirmed' });
    return true;
  }

  finalizeAll(): void {
    for (const one of this.landed) one.commitment = 'finalized';
  }

  /** A fork takes the newest unfinalized batch back. */
  forkAway(): void {
    this.landed.pop();
  }

  async status(signature: string): Promise<SignatureState | undefined> {
    const found = this.landed.find((one) => one.signature === signature);
    return found && { commitment: found.commitment };
  }

  async landedBatch(signature: string): Promise<LandedBatch | undefined> {
    return this.landed.find((one) => one.signature === signature);
  }

  async findBatch(batchNumber: bigint): Promise<string | undefined> {
    return this.landed.find((one) => one.batchNumber === batchNumber)?.signature;
  }

  async lastBatch(): Promise<bigint> {
    return BigInt(this.landed.length);
  }

  async finalizedHouse(): Promise<FinalizedHouse> {
    const final = this.landed.filter(({ commitment }) => commitment === 'finalized');
    const { height: blockHeight, lastTransfer, leader } = this;
    const lastBlobHash = final.at(-1)?.blobHash ?? new Uint8Array(32);
    return { blockHeight, lastBatch: BigInt(final.length), lastBlobHash, lastTransfer, leader };
  }

  /** A vault as the chain shows it, from what it showed before any batch. */
  vaultAfter(view: VaultView, shownAt: 'confirmed' | 'finalized' = 'finalized'): VaultView {
    let shown = { ...view, ...this.changes.get(view.address) };
    if (shownAt === 'confirmed') shown = { ...shown, ...this.confirmedChanges.get(view.address) };
    for (const { batch, commitment } of this.landed) {
      if (commitment === 'processed' || (shownAt === 'finalized' && commitment !== 'finalized')) continue;
      for (const run of batch.runs) {
        if (addressOf(run.vault) !== view.address) continue;
        const lastBet = run.firstBet + BigInt(run.betCount) - 1n;
        shown = { ...shown, balance: run.after, pendingDeposit: shown.pendingDeposit - run.consume, lastBet };
      }
    }
    return shown;
  }
}
