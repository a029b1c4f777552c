import { sha256 } from '@noble/hashes/sha2.js';
import { accountIdOf, domainOf } from '../../protocol/account.ts';
import { betPack, type CoinSide, nextHead } from '../../protocol/bet.ts';
import { ByteWriter } from '../../protocol/bytes.ts';
import { GAME_COIN_FLIP } from '../../protocol/constants.ts';
import { bytesToInteger, FIELD_ORDER } from '../../protocol/field.ts';
import { outcomeOf, serverSeedOf, vaultKeyOf } from '../../protocol/outcome.ts';
import { clientSeedOf } from '../../protocol/session.ts';
import type { ObservedBet } from './test-result.ts';

const BETS_A_VAULT = 1_000;
const LEAST_VAULTS = 4;
const MOST_VAULTS = 1_000;
const TERMS_ID = 1;
/** Stakes of the simulated bettors, in stake units. */
const SMALL_STAKE = 1n;
const LARGE_STAKE = 1n << 30n;
const MOST_DOUBLED = 1n << 20n;

/**
 * A house with its bettors, who bet in an order of chance: the protocol's own functions decide each bet, in the kernel that the process
 * uses (`useKernel`). The same whole number `seed` gives the same bets on every machine, so a test of them can not fail by chance.
 */
export function* simulateBets({ bets, seed }: { bets: number; seed: number }): Generator<ObservedBet, void> {
  const chance = new Chance(seed);
  const domain = domainOf(chance.bytes());
  const k = chance.field();
  const count = Math.min(MOST_VAULTS, Math.max(LEAST_VAULTS, Math.floor(bets / BETS_A_VAULT)));
  const bettors = Array.from({ length: count }, (_, index) => new Bettor({ index, domain, k, chance }));
  for (let bet = 0; bet < bets; bet += 1) yield (bettors[chance.below(count)] as Bettor).bet();
}

type Seeding = 'zero' | 'number' | 'chance' | 'sdk';
type Choosing = 'heads' | 'tails' | 'alternating' | 'chance' | 'same' | 'other';
type Staking = 'small' | 'large' | 'doubling' | 'chance';
/** A client seed is the bettor's own matter: one that never changes must win as often as any other. */
const SEEDING: readonly Seeding[] = ['zero', 'number', 'chance', 'sdk', 'chance', 'number', 'chance', 'zero', 'chance'];
/** `same` and `other`: as the last outcome of the vault. */
const CHOOSING: readonly Choosing[] = ['heads', 'tails', 'alternating', 'chance', 'same', 'other', 'chance'];
const STAKING: readonly Staking[] = ['small', 'chance', 'doubling', 'large'];

/** One vault and how its owner plays. The three habits come in all combinations, as their numbers share no divisor. */
class Bettor {
  readonly #vault: string;
  readonly #accountId: bigint;
  readonly #vaultKey: bigint;
  readonly #chance: Chance;
  readonly #clientSeedKey: Uint8Array;
  readonly #seeding: Seeding;
  readonly #choosing: Choosing;
  readonly #staking: Staking;
  #head: bigint;
  #betNumber = 0n;
  #stakeUnits = SMALL_STAKE;
  #last: CoinSide = 0;

  constructor(input: { index: number; domain: bigint; k: bigint; chance: Chance }) {
    const { index, domain, k, chance } = input;
    this.#vault = String(index + 1);
    this.#accountId = accountIdOf({ domain, vault: chance.bytes() });
    this.#vaultKey = vaultKeyOf({ k, accountId: this.#accountId });
    this.#head = this.#accountId;
    this.#chance = chance;
    this.#clientSeedKey = chance.bytes();
    this.#seeding = SEEDING[index % SEEDING.length] as Seeding;
    this.#choosing = CHOOSING[index % CHOOSING.length] as Choosing;
    this.#staking = STAKING[index % STAKING.length] as Staking;
  }

  bet(): ObservedBet {
    const accountId = this.#accountId;
    this.#betNumber += 1n;
    const betNumber = this.#betNumber;
    const choice = this.#choose();
    const stakeUnits = this.#stake();
    const packed = betPack({ stakeUnits, choice, game: GAME_COIN_FLIP, betNumber, termsId: TERMS_ID });
    this.#head = nextHead({ headBefore: this.#head, packed, clientSeed: this.#clientSeed(packed), accountId });
    const serverSeed = serverSeedOf({ vaultKey: this.#vaultKey, betNumber });
    const outcome = outcomeOf({ serverSeed, head: this.#head });
    const doubled = this.#stakeUnits >= MOST_DOUBLED ? SMALL_STAKE : 2n * this.#stakeUnits;
    this.#stakeUnits = outcome === choice ? SMALL_STAKE : doubled;
    this.#last = outcome;
    return { vault: this.#vault, outcome, choice, stakeUnits };
  }

  #choose(): CoinSide {
    switch (this.#choosing) {
      case 'heads':
        return 1;
      case 'tails':
        return 0;
      case 'alternating':
        return this.#betNumber % 2n === 0n ? 1 : 0;
      case 'chance':
        return this.#chance.below(2) === 1 ? 1 : 0;
      case 'same':
        return this.#last;
      case 'other':
        return this.#last === 1 ? 0 : 1;
    }
  }

  #stake(): bigint {
    switch (this.#staking) {
      case 'small':
        return SMALL_STAKE;
      case 'large':
        return LARGE_STAKE;
      case 'doubling':
        return this.#stakeUnits;
      case 'chance':
        return 1n + BigInt(this.#chance.below(2 ** (1 + this.#chance.below(30))));
    }
  }

  #clientSeed(packed: bigint): bigint {
    switch (this.#seeding) {
      case 'zero':
        return 0n;
      case 'number':
        return this.#betNumber;
      case 'chance':
        return BigInt(this.#chance.below(2 ** 32));
      case 'sdk':
        return clientSeedOf({
          clientSeedKey: this.#clientSeedKey,
          accountId: this.#accountId,
          headBefore: this.#head,
          packed,
        });
    }
  }
}

/** SHA-256 over a seed and a counter: the same seed, the same draws. */
class Chance {
  readonly #seed: number;
  #counter = 0;
  #block: DataView = new DataView(new ArrayBuffer(0));
  #offset = 0;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** 32 bytes of their own. */
  bytes(): Uint8Array {
    this.#counter += 1;
    return sha256(new ByteWriter().ascii('zk-casino/fairness/1').u64(BigInt(this.#seed)).u64(BigInt(this.#counter)).finish());
  }

  /** A field element; what the reduction favours is far below what any history shows. */
  field(): bigint {
    return bytesToInteger(this.bytes()) % FIELD_ORDER;
  }

  /** A whole number from 0 to `limit - 1`, `limit` at most 2^32. */
  below(limit: number): number {
    if (this.#offset === this.#block.byteLength) {
      const bytes = this.bytes();
      this.#block = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      this.#offset = 0;
    }
    const drawn = this.#block.getUint32(this.#offset, true);
    this.#offset += 4;
    return Math.floor((drawn / 2 ** 32) * limit);
  }
}
