import { existsSync } from 'node:fs';
import { decodeTerms, type House, termsAddress } from '../program/client/index.ts';
import type { HouseView } from '../sequencer/chain/view.ts';
import { dataPaths } from '../sequencer/context.ts';
import { CasinoError } from '../sequencer/errors.ts';
import { addressOf } from '../sequencer/ledger/addresses.ts';
import { LedgerReader } from '../sequencer/ledger/reader.ts';
import { staleMark } from '../sequencer/ledger/stale.ts';
import { accountAt } from './house-accounts.ts';
import type { HouseFlags, HousePlace } from './house-place.ts';
import { identityOf } from './reconcile.ts';
import { askService } from './service-answer.ts';

/** The most that open bets can cost the house, in base units, and up to which slot whoever says so has taken the chain in. */
export interface Exposure {
  amount: bigint;
  /** Every bet answered since was answered with this slot in view. */
  seenSlot: bigint;
  from: 'service' | 'ledger';
}

/**
 * The house's exposure: by the service's word with `--api`, else by the ledger in the data directory. Undefined if there is neither.
 * `CHAIN_UNREACHABLE` if the service does not answer, `CHAIN_MISMATCH` if it runs another house.
 */
export async function readExposure(place: HousePlace, flags: HouseFlags): Promise<Exposure | undefined> {
  if (flags.api !== undefined) return byService(place, flags.api);
  return existsSync(dataPaths(place.data).ledger) ? byLedger(place) : undefined;
}

async function byService({ house }: HousePlace, apiUrl: string): Promise<Exposure> {
  // Its slot first: the exposure is then at least as new.
  const { chain } = (await askService(apiUrl, '/health')) as { chain?: { slot?: string } };
  const said = (await askService(apiUrl, '/v1/house')) as { house?: string; exposure?: string };
  if (said.house !== house)
    throw new CasinoError('CHAIN_MISMATCH', `the service at ${apiUrl} runs house ${said.house}, not ${house}`);
  return { amount: BigInt(said.exposure ?? ''), seenSlot: BigInt(chain?.slot ?? ''), from: 'service' };
}

/** A service that writes this ledger may see the chain up to a quarter of the exit delay late: it answers no bet with an older view. */
async function byLedger(place: HousePlace): Promise<Exposure> {
  const { slot, house, vaults } = await place.reader.snapshot('finalized');
  const read = LedgerReader.open(dataPaths(place.data).ledger);
  try {
    requireItsLedger(place, { read, house });
    const profits = new Map<number, bigint>();
    let amount = 0n;
    for (const vault of read.vaults()) {
      const shown = vaults.get(addressOf(vault.vault));
      if (shown?.frozen) continue;
      const open = { first: (shown?.lastBet ?? 0n) + 1n, last: vault.lastBet };
      for (const { termsId, stakeUnits } of open.first > open.last ? [] : read.bets(vault.vault, open)) {
        const profitBps = profits.get(termsId) ?? (await profitOf(place, termsId));
        profits.set(termsId, profitBps);
        amount += stakeUnits * profitBps;
      }
    }
    return { amount, seenSlot: slot - house.exitDelaySlots / 4n, from: 'ledger' };
  } finally {
    read.close();
  }
}

/** A ledger that does not lead the house may lack bets, and another house's has none of its. */
function requireItsLedger(place: HousePlace, { read, house }: { read: LedgerReader; house: HouseView }): void {
  const known = identityOf(read);
  if (known.house !== place.house || known.genesisHash !== place.genesisHash) {
    throw new CasinoError(
      'CHAIN_MISMATCH',
      `the ledger in ${place.data} belongs to house ${known.house} on ${known.genesisHash}`,
    );
  }
  // Its leader pair may be the newest all the same: the bets of the hours since its backup are owed to whoever brings their receipts.
  const stale = staleMark(read);
  if (stale) {
    const way = `start its service, and name it with --api`;
    throw new CasinoError(
      'LEDGER_STALE',
      `the ledger in ${place.data} may lack bets that were answered (${stale.reason}): ${way}`,
    );
  }
  const leads = read.leaders().some(({ epoch, nonce }) => epoch === house.leaderEpoch && nonce === house.leaderNonce);
  if (!leads) {
    throw new CasinoError(
      'LEDGER_STALE',
      `the house is led with another ledger than that in ${place.data}: name its service with --api`,
    );
  }
}

async function profitOf(place: HousePlace, id: number): Promise<bigint> {
  const { program, house } = place;
  const account = await accountAt(place, { address: await termsAddress({ program, house, id }), decode: decodeTerms });
  if (!account) throw new CasinoError('CHAIN_MISMATCH', `the ledger has bets under terms ${id}, which the chain lacks`);
  return BigInt(account.profitBps);
}

/** What the house may pay out of its bankroll with its open bets covered. */
export const freeOf = ({ balance, reserved }: Pick<House, 'balance' | 'reserved'>, exposure: bigint): bigint =>
  larger(0n, balance - reserved - exposure);

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
