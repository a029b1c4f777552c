import { isAddress } from '@solana/kit';
import { CIRCUIT_NAMES } from '../../circuits/artifacts.ts';
import {
  MAX_CHANGE_DELAY_SLOTS,
  MAX_EXIT_DELAY_SLOTS,
  MAX_PROFIT_BPS,
  MIN_EXIT_DELAY_SLOTS,
} from '../../program/client/index.ts';
import type { Config } from '../config.ts';
import { amount, checkedText, type Kind, PATH, SWITCH, someOf, text, texts, whole } from './kinds.ts';

/** One setting: where it is written, what it may be, and what it is for. */
export interface Setting<Value> {
  /** Table and name in a settings file; with `CASINO_` before it, in capitals, the environment's name. */
  key: string;
  /** The sequencer's flag, without its dashes. */
  flag: string;
  kind: Kind<Value>;
  /** Of the number, for readers. */
  unit?: string;
  /** Whether a value can hold a secret, such as a provider's key: then it is never shown whole. */
  secret?: true;
  /** One or two sentences. */
  about: string;
}

const U64_MAX = 2n ** 64n - 1n;
/** A hundred years. */
const MAX_ARCHIVE_AFTER_MS = 3_155_760_000_000;
const isHttpUrl = (found: string) => URL.canParse(found) && /^https?:$/.test(new URL(found).protocol);
const isNodeUrl = (found: string) => isHttpUrl(found) && new URL(found).username === '' && new URL(found).password === '';
const isOriginOrAll = (found: string) => found === '*' || (isHttpUrl(found) && new URL(found).origin === found);

/** Every setting of the service, in the order of the docs. A new field of `Config` has its line here, or nothing compiles. */
export const SETTINGS: { readonly [Name in keyof Required<Config>]: Setting<NonNullable<Config[Name]>> } = {
  dataDirectory: {
    key: 'data.directory',
    flag: 'data',
    kind: PATH,
    about:
      'Where everything that lasts is kept: ledger, keys, blobs, archive, development proving keys. `casino` takes ./data if nothing is said.',
  },
  rpcUrl: {
    key: 'chain.rpc_url',
    flag: 'rpc',
    kind: checkedText(isNodeUrl, 'an http or https URL without user and password'),
    secret: true,
    about: "The JSON-RPC address of a node. Without it `casino start` runs a local chain. A provider's key in it is never shown.",
  },
  rpcTimeoutMs: {
    key: 'chain.rpc_timeout_ms',
    flag: 'rpc-timeout-ms',
    kind: whole(100, 600_000),
    unit: 'ms',
    about: 'Longest that one call to the chain may take, waiting for the node included.',
  },
  program: {
    key: 'chain.program',
    flag: 'program',
    kind: checkedText(isAddress, "a program's address, base58"),
    about: 'Where the program is deployed. The default is its address on a local chain.',
  },
  slotMs: {
    key: 'chain.slot_ms',
    flag: 'slot-ms',
    kind: whole(1, 60_000),
    unit: 'ms',
    about: 'Time of a slot, for limits that the chain counts in slots.',
  },
  pollMs: {
    key: 'chain.poll_ms',
    flag: 'poll-ms',
    kind: whole(1, 60_000),
    unit: 'ms',
    about: 'How often the chain is looked at. A provider that counts requests is cheaper with 1000.',
  },
  host: {
    key: 'api.host',
    flag: 'host',
    kind: text('^[A-Za-z0-9.:_-]+$', 'a host name or IP address'),
    about: 'Where the API listens. Everybody else reaches it through a proxy that speaks TLS.',
  },
  port: {
    key: 'api.port',
    flag: 'port',
    kind: whole(0, 65_535),
    about: 'Port of the API; 0 takes a free one.',
  },
  requestsPerMinute: {
    key: 'api.requests_per_minute',
    flag: 'requests-per-minute',
    kind: whole(1, 1_000_000_000),
    about: 'Most requests of one IP address in a minute.',
  },
  corsOrigins: {
    key: 'api.cors_origins',
    flag: 'cors-origin',
    kind: texts('origins such as https://casino.example, or * for all', isOriginOrAll),
    about:
      'Web origins whose pages may ask the API and open a WebSocket. No cookie or password speaks for anybody here, so all may be let in.',
  },
  batchWaitMs: {
    key: 'batches.wait_ms',
    flag: 'batch-wait-ms',
    kind: whole(0, 600_000),
    unit: 'ms',
    about: 'How long a bet waits for others to share its batch. Longer is cheaper, and settles later.',
  },
  batchThreshold: {
    key: 'batches.threshold',
    flag: 'batch-threshold',
    kind: whole(1, 1_000_000),
    unit: 'bets',
    about: 'This many waiting bets are batched at once.',
  },
  proofs: {
    key: 'prover.proofs',
    flag: 'proofs',
    kind: SWITCH,
    about: 'Whether batches are proven. Without proofs nothing settles: bets are answered, and owed.',
  },
  proverThreads: {
    key: 'prover.threads',
    flag: 'prover-threads',
    kind: whole(1, 256),
    about: 'Threads of one proof.',
  },
  parallelProofs: {
    key: 'prover.parallel',
    flag: 'parallel-proofs',
    kind: whole(1, 64),
    about: 'Most batches that are proven at a time.',
  },
  circuits: {
    key: 'prover.circuits',
    flag: 'circuits',
    kind: someOf(CIRCUIT_NAMES),
    about: 'Circuit sizes that batches are proven with.',
  },
  provingKeysDirectory: {
    key: 'prover.keys_directory',
    flag: 'proving-keys',
    kind: PATH,
    about:
      'Proving keys of a ceremony, with their transcripts (docs/operating/ceremony.md). Without it development keys are made, whose secret is public: no real money.',
  },
  blobStores: {
    key: 'blobs.stores',
    flag: 'blob-store',
    kind: texts('files, s3://… or ipfs+http://… (docs/operating/blobs.md); credentials come from the environment'),
    secret: true,
    about: "Where blobs are published. The service's own files are kept whatever else is named.",
  },
  maxStake: {
    key: 'house.max_stake',
    flag: 'max-stake',
    kind: amount(1n, U64_MAX),
    unit: 'lamports',
    about: 'Largest stake of a bet.',
  },
  maxOpenBetsPerVault: {
    key: 'house.max_open_bets_per_vault',
    flag: 'max-open-bets-per-vault',
    kind: whole(1, 1_000_000),
    unit: 'bets',
    about: 'Most bets of one bettor that are not settled yet.',
  },
  profitBps: {
    key: 'house.profit_bps',
    flag: 'profit-bps',
    kind: whole(1, MAX_PROFIT_BPS),
    unit: 'basis points',
    about:
      'What a won bet pays beside its stake, of the stake: 9800 is 0.98 of it. For terms that are opened; open ones keep theirs.',
  },
  bankroll: {
    key: 'house.bankroll',
    flag: 'bankroll',
    kind: amount(0n, U64_MAX),
    unit: 'lamports',
    about: 'What a house is funded with when it is made.',
  },
  exitDelaySlots: {
    key: 'house.exit_delay_slots',
    flag: 'exit-delay-slots',
    kind: amount(MIN_EXIT_DELAY_SLOTS, MAX_EXIT_DELAY_SLOTS),
    unit: 'slots',
    about: 'How long an exit without the operator waits. Fixed when the house is made.',
  },
  changeDelaySlots: {
    key: 'house.change_delay_slots',
    flag: 'change-delay-slots',
    kind: amount(MIN_EXIT_DELAY_SLOTS, MAX_CHANGE_DELAY_SLOTS),
    unit: 'slots',
    about: 'How long a change that concerns bettors is announced before it holds. Fixed when the house is made.',
  },
  archiveAfterMs: {
    key: 'archive.after_ms',
    flag: 'archive-after-ms',
    kind: whole(0, MAX_ARCHIVE_AFTER_MS),
    unit: 'ms',
    about: 'How long a settled bet stays in the ledger before it moves to an archive file; 0: for ever.',
  },
  reconcileEveryMs: {
    key: 'operations.reconcile_every_ms',
    flag: 'reconcile-every-ms',
    kind: whole(100, 86_400_000),
    unit: 'ms',
    about: 'From one comparison of the ledger with the chain to the next.',
  },
  settlerWarnLamports: {
    key: 'operations.settler_warn_lamports',
    flag: 'settler-warn-lamports',
    kind: amount(0n, U64_MAX),
    unit: 'lamports',
    about: 'Below this health says that the settler has to be paid.',
  },
};

export type SettingName = keyof typeof SETTINGS;

/** All names, in the order of the docs. */
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

/** Any setting, where which one does not matter. */
export const settingOf = (name: SettingName): Setting<unknown> => SETTINGS[name] as Setting<unknown>;

/** The environment's name of a setting. */
export const variableOf = (name: SettingName): string => `CASINO_${SETTINGS[name].key.replace('.', '_').toUpperCase()}`;
