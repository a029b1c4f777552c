import type { Address } from '@solana/kit';
import type { CasinoEvent, House, Vault } from '../../program/client/index.ts';
import { CasinoError } from '../errors.ts';
import { addressOf } from '../ledger/addresses.ts';
import type { ReconciliationChain, ReconciliationSnapshot } from '../operations/reconcile-chain.ts';
import type { SettlementFixture } from './settlement-fixture.ts';

const RENT = 890_880n;
const HOUSE_BALANCE = 1_000_000_000n;

/** What settlement's fake chain has settled, as reconciliation reads it; a test changes it as it likes. */
export class FakeReconciliationChain implements ReconciliationChain {
  readonly #fixture: SettlementFixture;
  readonly #events = new Map<string, CasinoEvent[]>();
  /** Changes what is read of the chain. */
  tamper: (snapshot: { house: House; vaults: Map<Address, Vault>; escrowLamports: bigint }) => unknown = () => {};
  /** How a signature stands, where it is not final. */
  readonly states = new Map<string, string>();
  /** Transactions that the node does not have, any more or yet. */
  readonly forgotten = new Set<string>();
  /** Signatures that were asked for. */
  asked: string[] = [];
  reachable = true;
  /** Changes of the vaults that last, by address. */
  readonly changes = new Map<Address, Partial<Vault>>();

  constructor(fixture: SettlementFixture) {
    this.#fixture = fixture;
  }

  async snapshot(): Promise<ReconciliationSnapshot> {
    if (!this.reachable) throw new CasinoError('CHAIN_UNREACHABLE', 'the chain does not answer');
    const { chain, bettors } = this.#fixture;
    const final = chain.landed.filter(({ commitment }) => commitment === 'finalized');
    const vaults = new Map(
      bettors.map((bettor) => {
        const shown = { ...chain.vaultAfter(bettor.view()), ...this.changes.get(bettor.vault) };
        return [bettor.vault, { ...shown, lastBet: shown.lastBet } as unknown as Vault];
      }),
    );
    const lastBlobHash = final.at(-1)?.blobHash ?? new Uint8Array(32);
    const counters = { lastBatch: BigInt(final.length), lastTransfer: chain.lastTransfer, lastBlobHash };
    const house = { balance: HOUSE_BALANCE, claimable: 0n, liabilities: 0n, ...counters } as House;
    house.liabilities = HOUSE_BALANCE;
    for (const { balance, pendingDeposit, claimable } of vaults.values())
      house.liabilities += balance + pendingDeposit + claimable;
    const tampered = { house, vaults, escrowLamports: house.liabilities + RENT };
    this.tamper(tampered);
    return { slot: 7n, rentMinimum: RENT, ...tampered };
  }

  async signatures(signatures: readonly string[]): Promise<string[]> {
    this.asked.push(...signatures);
    return signatures.map((signature) => this.states.get(signature) ?? 'finalized');
  }

  async events(signature: string): Promise<CasinoEvent[] | undefined> {
    if (this.forgotten.has(signature)) return undefined;
    return this.#events.get(signature) ?? [];
  }

  /** Lets a landed batch tell that it paid so much of a vault's request. */
  paidWith(signature: string, vault: Address, paid: bigint): void {
    const landed = this.#fixture.chain.landed.find((one) => one.signature === signature);
    const runs = (landed?.batch.runs ?? []).map((run) => ({
      ...run,
      vault: addressOf(run.vault),
      consumed: run.consume,
      paid: 0n,
    }));
    for (const run of runs) if (run.vault === vault) run.paid = paid;
    this.#events.set(signature, [{ name: 'BatchSettled', runs } as unknown as CasinoEvent]);
  }

  /** Lets a transfer tell what it has left of a vault's balance. */
  transferred(signature: string, vault: Address, balance: bigint): void {
    const transfers = [{ vault, consumed: 0n, paid: 0n, balance }];
    this.#events.set(signature, [{ name: 'TransfersSettled', transfers } as unknown as CasinoEvent]);
  }
}
