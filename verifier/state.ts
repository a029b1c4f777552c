import type { Address } from '@solana/kit';
import type { Divergence, DivergenceCode } from './divergence.ts';
import type { PreparedKey } from './groth16.ts';
import type { House, Terms, Vault, VerifyingKey } from './layout/accounts.ts';
import type { HouseEvent } from './layout/events.ts';
import type { ProgramInstruction } from './layout/instructions.ts';
import type { Frame } from './transaction.ts';

/** A vault as the history leads to it. */
export interface VaultState extends Vault {
  /** Head of its last settled bet, `accountId` before the first; undefined once a blob was missing or of no use. */
  head: bigint | undefined;
}

/** A house as its history leads to it. */
export interface HouseState {
  /** Undefined before it was made. */
  house: House | undefined;
  vaults: Map<Address, VaultState>;
  /** By their accounts. */
  terms: Map<Address, Terms>;
  keys: Map<Address, VerifyingKey>;
}

export function emptyState(): HouseState {
  return { house: undefined, vaults: new Map(), terms: new Map(), keys: new Map() };
}

/** What a vault holds of the house's liabilities. */
export const holdings = ({ balance, pendingDeposit, claimable }: Vault): bigint => balance + pendingDeposit + claimable;

/** Where and what a history is of. */
export interface Place {
  program: Address;
  house: Address;
  /** 32 bytes. */
  genesisHash: Uint8Array;
  /** From the genesis hash. */
  domain: bigint;
}

export type InstructionNamed<Name extends ProgramInstruction['name']> = Extract<ProgramInstruction, { name: Name }>;
export type EventNamed<Name extends HouseEvent['name']> = Extract<HouseEvent, { name: Name }>;

/** Words of a divergence's values. */
export type Values = Partial<Divergence>;

/** One call of the program on its way into the state. */
export class Step<Name extends ProgramInstruction['name'] = ProgramInstruction['name']> {
  readonly state: HouseState;
  readonly place: Place;
  readonly instruction: InstructionNamed<Name>;
  readonly frame: Frame;
  readonly slot: bigint;
  readonly report: (code: DivergenceCode, message: string, values?: Values) => void;

  constructor(input: {
    state: HouseState;
    place: Place;
    frame: Frame;
    slot: bigint;
    report(code: DivergenceCode, message: string, values?: Values): void;
  }) {
    this.state = input.state;
    this.place = input.place;
    this.frame = input.frame;
    this.instruction = input.frame.instruction as InstructionNamed<Name>;
    this.slot = input.slot;
    this.report = input.report;
  }

  /** The house, which is there: the replay begins with its making. */
  get house(): House {
    if (!this.state.house) throw new Error('the house was not made yet');
    return this.state.house;
  }

  /** Reports unless the two are the same. */
  same(code: DivergenceCode, message: string, values: { expected: unknown; found: unknown; vault?: string }): void {
    const { expected, found, ...more } = values;
    if (expected !== found) this.report(code, message, { expected: `${expected}`, found: `${found}`, ...more });
  }

  /** Reports unless it holds. */
  hold(code: DivergenceCode, condition: boolean, message: string, values?: Values): void {
    if (!condition) this.report(code, message, values);
  }

  /**
   * The one event that the call must have logged, about this house and, if the call is about one, this vault. Undefined if it is not
   * so, or if its log was cut short: the instruction tells the same.
   */
  event<Event extends HouseEvent['name']>(name: Event): EventNamed<Event> | undefined {
    if (!this.frame.logged) return undefined;
    const [event, ...more] = this.frame.events;
    const found = this.frame.events.map((one) => one.name).join(', ') || 'nothing';
    if (event?.name !== name || more.length > 0) {
      this.report('event-mismatch', `${this.instruction.name} logged something else`, { expected: name, found });
      return undefined;
    }
    this.same('event-mismatch', 'its event is about another house', { expected: this.place.house, found: event.house });
    const { instruction } = this.frame;
    if ('vault' in event && 'vault' in instruction) {
      this.same('event-mismatch', 'its event is about another vault', { expected: instruction.vault, found: event.vault });
    }
    return event as EventNamed<Event>;
  }

  /** The call must have logged nothing. */
  noEvent(): void {
    const found = this.frame.events.map((one) => one.name).join(', ');
    this.hold('event-mismatch', found === '', `${this.instruction.name} logged something`, { expected: 'nothing', found });
  }

  /** A vault that an event opened. */
  vault(address: Address): VaultState | undefined {
    const vault = this.state.vaults.get(address);
    if (!vault) this.report('vault-unknown', 'no event opened this vault', { vault: address });
    return vault;
  }

  /** The vault of a call of its owner's, which a frozen one takes no more. */
  ownedVault(instruction: { vault: Address; owner: Address }): VaultState | undefined {
    const vault = this.vault(instruction.vault);
    if (!vault) return undefined;
    this.hold('vault-frozen', !vault.frozen, `${this.instruction.name} of a frozen vault`, { vault: instruction.vault });
    this.isOwner(vault, instruction);
    return vault;
  }

  isOwner(vault: VaultState, instruction: { vault: Address; owner: Address }): void {
    const values = { expected: vault.owner, found: instruction.owner, vault: instruction.vault };
    this.same('authority', 'somebody else acts as the owner', values);
  }

  /** The call was the authority's. */
  byAuthority(instruction: { authority: Address }): void {
    this.same('authority', 'it was not the authority', { expected: this.house.authority, found: instruction.authority });
  }
}

/** What helpers of a step need of it. */
export type StepContext = Pick<Step, 'same' | 'hold' | 'report' | 'house'>;

/** Verifying keys as points, worked out once. */
export type PreparedKeys = Map<string, PreparedKey>;
