import { getBase58Decoder } from '@solana/kit';
import { houseAddress, type VerifyingKey } from '../../program/client/index.ts';
import { keyWeakness } from '../../protocol/development-keys.ts';
import { ChainReader } from '../../sequencer/chain/reader.ts';
import { call, connectRpc } from '../../sequencer/chain/rpc.ts';
import type { Config } from '../../sequencer/config.ts';
import { CasinoError, messageOf } from '../../sequencer/errors.ts';
import { assertOwnHouse, fetchData, genesisOf } from '../../sequencer/operations/house-setup.ts';
import type { OperatorKeys } from '../../sequencer/operations/keys.ts';
import { deployedProgram } from '../program-check.ts';
import * as checks from './chain.ts';
import type { Finding } from './finding.ts';
import type { LedgerFacts } from './look-at-data.ts';

/** Longest that the finalized slot may take to move: some slots of 400 ms. */
const SLOT_PATIENCE_MS = 5_000;
const SLOT_POLL_MS = 250;

/** All that the chain shows of node, program, house and settler. What a node does not answer ends the list, with a finding. */
export async function chainFindings(input: {
  config: Partial<Config>;
  keys: OperatorKeys | undefined;
  ledger: LedgerFacts;
}): Promise<Finding[]> {
  const { config, keys, ledger } = input;
  const { rpcUrl, program, rpcTimeoutMs } = config;
  if (rpcUrl === undefined || program === undefined) return [];
  const found: Finding[] = [];
  try {
    const rpc = connectRpc(rpcUrl, rpcTimeoutMs);
    const startedMs = performance.now();
    const genesis = await genesisOf(rpc);
    found.push(checks.checkNode({ tookMs: performance.now() - startedMs }));
    const genesisHash = getBase58Decoder().decode(genesis);
    found.push(checks.checkGenesis({ found: genesisHash, ledger: ledger.identity?.genesisHash }));
    const finalized = () => call(rpc.getSlot({ commitment: 'finalized' }));
    found.push(checks.checkSlots(await twice(finalized)), checks.checkClock(await clockAheadMs(rpcUrl, rpcTimeoutMs)));
    const deployed = await deployedProgram(rpc, program);
    found.push(checks.checkProgram(program, deployed));
    if (deployed?.upgradeAuthority !== undefined) found.push(checks.checkUpgradeAuthority(deployed));
    if (!keys) return found;
    const house = await houseAddress({ program, creator: keys.creator });
    const reader = new ChainReader({ rpc, program, house, nowMs: () => performance.now() });
    if ((await fetchData({ rpc, program }, house)) === undefined) return [...found, checks.checkHouse(undefined)];
    const account = await reader.houseAt('finalized');
    const ofLedger = ledger.identity?.house ?? house;
    found.push(
      checks.checkHouse({
        address: house,
        ofLedger,
        ...differenceOf(() => assertOwnHouse(account, { keys, genesisHash: genesis })),
      }),
    );
    const slot = await finalized();
    const active = (await reader.verifyingKeys()).filter((key) => isActive(key, slot));
    found.push(
      checks.checkVerifyingKeys(
        active.map(({ id, key }) => ({ id, weakness: keyWeakness(key) })),
        genesisHash,
      ),
    );
    const { value: lamports } = await call(rpc.getBalance(keys.settler.address, { commitment: 'finalized' }));
    const warnBelowLamports = config.settlerWarnLamports ?? 0n;
    found.push(checks.checkSettler({ lamports, warnBelowLamports, batchesPerDay: ledger.batchesPerDay }));
  } catch (error) {
    if (!(error instanceof CasinoError)) throw error;
    found.push(checks.checkNode({ error: messageOf(error) }));
  }
  return found;
}

const isActive = ({ activeFromSlot, retiredFromSlot }: VerifyingKey, slot: bigint) =>
  activeFromSlot <= slot && slot < retiredFromSlot;

async function twice(slot: () => Promise<bigint>): Promise<{ first: bigint; second: bigint }> {
  const first = await slot();
  let second = first;
  for (const startedMs = performance.now(); second === first && performance.now() - startedMs < SLOT_PATIENCE_MS; ) {
    await new Promise((resolve) => setTimeout(resolve, SLOT_POLL_MS));
    second = await slot();
  }
  return { first, second };
}

function differenceOf(compare: () => void): { error?: string } {
  try {
    compare();
    return {};
  } catch (error) {
    return { error: messageOf(error) };
  }
}

/** By how much this clock is ahead of the node's, as its answers' Date header has it; undefined if they have none. */
async function clockAheadMs(url: string, timeoutMs = 10_000): Promise<number | undefined> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'getHealth' });
  const headers = { 'content-type': 'application/json' };
  const sentMs = Date.now();
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(timeoutMs) });
    const halfwayMs = (sentMs + Date.now()) / 2;
    await answer.body?.cancel();
    const date = Date.parse(answer.headers.get('date') ?? '');
    // The header's seconds are whole: on average half of one has passed.
    return Number.isNaN(date) ? undefined : halfwayMs - (date + 500);
  } catch {
    return undefined;
  }
}
