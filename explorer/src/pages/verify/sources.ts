import { useEffect, useState } from 'preact/hooks';
import { api } from '../../api.ts';
import { config } from '../../config.ts';
import type { Sources } from './messages.ts';

/** Where a verification looks, and for which house. */
export interface Places extends Sources {
  /** Undefined where neither the service nor the reader names one. */
  house: string | undefined;
  program: string | undefined;
  /** Whether the reader named the house; else the service did. */
  houseChosen: boolean;
}

export type PlaceName = Exclude<keyof Places, 'houseChosen'>;
export type Chosen = Partial<Record<PlaceName, string>>;

const KEY = 'verify-sources';
const NAMES: readonly PlaceName[] = ['rpcUrl', 'blobsUrl', 'house', 'program'];
const ADDRESS = /^[1-9A-HJ-NP-Za-km-z]{32,44}$/;

export interface PlacesState {
  /** Undefined until the explorer's server has said where the service is, unless the reader has named both addresses. */
  places: Places | undefined;
  /** What the reader put in the place of the service's own. */
  chosen: Chosen;
  choose(chosen: Chosen): void;
}

/** The service's own sources, with those in their place that the reader chose; kept in this browser. */
export function usePlaces(): PlacesState {
  const [own, setOwn] = useState<Omit<Places, 'houseChosen'> | undefined>();
  const [chosen, setChosen] = useState<Chosen>(kept);
  useEffect(() => {
    let isGone = false;
    ownPlaces().then(
      (found) => !isGone && setOwn(found),
      () => undefined,
    );
    return () => {
      isGone = true;
    };
  }, []);
  const choose = (next: Chosen) => {
    setChosen(next);
    try {
      localStorage.setItem(KEY, JSON.stringify(next));
    } catch {}
  };
  const { rpcUrl = own?.rpcUrl, blobsUrl = own?.blobsUrl } = chosen;
  const houseChosen = chosen.house !== undefined;
  const named = { house: chosen.house ?? own?.house, program: chosen.program ?? own?.program, houseChosen };
  return { places: rpcUrl && blobsUrl ? { rpcUrl, blobsUrl, ...named } : undefined, chosen, choose };
}

/** Why a text is not what a place is named by; undefined if it may be. */
export function wrongPlace(name: PlaceName, text: string): string | undefined {
  if (name === 'house' || name === 'program')
    return ADDRESS.test(text) ? undefined : 'This is no address: 32 to 44 letters and digits.';
  const url = URL.canParse(text) ? new URL(text) : undefined;
  return url?.protocol === 'https:' || url?.protocol === 'http:' ? undefined : 'An address begins with https:// or http://.';
}

async function ownPlaces(): Promise<Omit<Places, 'houseChosen'>> {
  const { apiUrl, rpcUrl } = await config();
  const named = await api.house().catch(() => undefined);
  return { rpcUrl, blobsUrl: `${apiUrl}/v1/blobs`, house: named?.house, program: named?.program };
}

function kept(): Chosen {
  try {
    const found = JSON.parse(localStorage.getItem(KEY) ?? '{}') as Record<string, unknown>;
    const chosen: Chosen = {};
    for (const name of NAMES) {
      const text = found[name];
      if (typeof text === 'string' && wrongPlace(name, text) === undefined) chosen[name] = text;
    }
    return chosen;
  } catch {
    return {};
  }
}
