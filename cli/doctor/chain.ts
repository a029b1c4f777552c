import { MAINNET_GENESIS_HASH, PUBLIC_CLUSTERS } from '../../protocol/constants.ts';
import { settlerFunds, settlerProblem } from '../../sequencer/operations/settler-balance.ts';
import { money } from '../amounts.ts';
import type { DeployedProgram } from '../program-check.ts';
import { again, type Finding, fail, ok, warn } from './finding.ts';

const SLOW_MS = 1_000;
const SKEW_WARN_MS = 2_000;
const SKEW_FAIL_MS = 30_000;
/** With less than this many days of fees it is time to pay the settler. */
const LEAST_DAYS = 7;

/** How long a call took; `error` if there was no answer. */
export function checkNode(answer: { tookMs: number } | { error: string }): Finding {
  const check = 'node';
  if ('error' in answer)
    return again(check, answer.error, 'check chain.rpc_url and the network; bets stop while no node answers');
  const took = `answers in ${Math.round(answer.tookMs)} ms`;
  return answer.tookMs < SLOW_MS ? ok(check, took) : warn(check, took, 'use a nearer node, or one with less to do');
}

/** `ledger`: of the chain that the ledger belongs to, if there is one. */
export function checkGenesis({ found, ledger }: { found: string; ledger: string | undefined }): Finding {
  const check = 'chain';
  const name = PUBLIC_CLUSTERS[found] ?? `another than the public ones (${found})`;
  if (ledger === undefined || ledger === found) return ok(check, name);
  return fail(
    check,
    `the node is of ${name}, and the ledger belongs to ${PUBLIC_CLUSTERS[ledger] ?? ledger}`,
    'correct chain.rpc_url, or data.directory',
  );
}

/** The finalized slot, asked twice. */
export function checkSlots({ first, second }: { first: bigint; second: bigint }): Finding {
  const check = 'finality';
  if (second > first) return ok(check, `slot ${second} is final, and it moves`);
  return warn(
    check,
    `the finalized slot stands at ${second}`,
    'ask again; if it still stands, the node or the cluster is stuck: use another node',
  );
}

/** `aheadMs`: by how much this clock is ahead of the node's; undefined if it does not tell. */
export function checkClock(aheadMs: number | undefined): Finding {
  const check = 'clock';
  if (aheadMs === undefined) return ok(check, 'the node tells no time to compare with');
  const off = Math.abs(aheadMs);
  // HTTP tells whole seconds.
  if (off <= SKEW_WARN_MS) return ok(check, "agrees with the node's");
  const found = `is ${(off / 1_000).toFixed(0)} s ${aheadMs > 0 ? 'ahead of' : 'behind'} the node's`;
  return (off > SKEW_FAIL_MS ? fail : warn)(check, found, 'synchronise it (chrony, systemd-timesyncd)');
}

/** What is deployed; undefined if nothing is. */
export function checkProgram(program: string, deployed: DeployedProgram | undefined): Finding {
  const check = 'program';
  if (!deployed)
    return fail(check, `there is none at ${program}`, 'deploy it, or correct chain.program (docs/operating/devnet.md)');
  if (deployed.isOurs) return ok(check, `${program} is that of this version`);
  return fail(
    check,
    `${program} is not program/prebuilt/zk_casino.so (SHA-256 ${deployed.sha256})`,
    'find out who deployed what, before anything is signed for it',
  );
}

export function checkUpgradeAuthority({ upgradeAuthority }: Pick<DeployedProgram, 'upgradeAuthority'>): Finding {
  const check = 'upgrade authority';
  if (!upgradeAuthority) return ok(check, 'nobody can replace the program');
  const todo = 'know whose key it is; for real money a multisig, or none (docs/operating/mainnet.md)';
  return warn(check, `${upgradeAuthority} can replace the program, and with it take everything`, todo);
}

/** `ofLedger`: the house that the ledger belongs to. `error`: how the one on chain differs from this operator's keys; undefined if it is theirs. */
export function checkHouse(house: { address: string; ofLedger: string; error?: string } | undefined): Finding {
  const check = 'house';
  if (!house) return fail(check, 'there is none of these keys', '`casino init` makes it');
  if (house.ofLedger !== house.address) {
    const todo = 'put the keys back that the ledger was made with, or use another data directory';
    return fail(check, `the keys are of ${house.address}, and the ledger is of ${house.ofLedger}`, todo);
  }
  if (house.error !== undefined) return fail(check, house.error, 'use the keys and the ledger that this house was made with');
  return ok(check, `${house.address} is of these keys`);
}

/** Why the key of each size protects nobody; undefined if it is sound. */
export function checkVerifyingKeys(keys: readonly { id: number; weakness: string | undefined }[], genesisHash: string): Finding {
  const check = 'verifying keys';
  const weak = keys.filter(({ weakness }) => weakness !== undefined);
  if (keys.length === 0) return fail(check, 'the house has none', '`casino init` stores them');
  if (weak.length === 0) return ok(check, `${keys.length} of a ceremony`);
  const found = `${weak.map(({ id, weakness }) => `${id} (${weakness})`).join(', ')}: anyone can forge proofs under it`;
  const todo = 'take no real money; for that hold a ceremony (docs/operating/ceremony.md)';
  return (genesisHash === MAINNET_GENESIS_HASH ? fail : warn)(check, found, todo);
}

/** `batchesPerDay`: of late; undefined if that is not known yet. */
export function checkSettler(input: { lamports: bigint; warnBelowLamports: bigint; batchesPerDay: number | undefined }): Finding {
  const check = 'settler';
  const funds = settlerFunds(input.lamports);
  const problem = settlerProblem(funds, input.warnBelowLamports);
  const days = input.batchesPerDay ? Number(funds.batchesLeft) / input.batchesPerDay : undefined;
  const lasts =
    days === undefined
      ? `enough for ${funds.batchesLeft} batches`
      : `enough for about ${Math.floor(days)} days at ${Math.round(input.batchesPerDay ?? 0)} batches a day`;
  const found = `${money(input.lamports)}, ${lasts}`;
  const todo = 'send lamports to its address: without fees nothing settles';
  if (problem?.code === 'SETTLER_EMPTY') return fail(check, found, todo);
  if (problem || (days !== undefined && days < LEAST_DAYS)) return warn(check, found, todo);
  return ok(check, found);
}

/** A store of blobs: `error` if it can not be reached, or lacks the newest blob. */
export function checkBlobStore({ name, error }: { name: string; error?: string }): Finding {
  const check = `blobs ${name}`;
  if (error === undefined) return ok(check, 'can be reached');
  return fail(check, error, "nothing settles until every store has a batch's blob: docs/operating/blobs.md");
}
