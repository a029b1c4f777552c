import type { Config } from '../config.ts';
import type { LedgerPort } from '../ledger/ledger.ts';
import type { ReconciliationRecord } from '../ledger/records.ts';
import type { ReconciliationReport } from './reconcile.ts';

const HOUR_MS = 3_600_000;
/** Differences that come and go are stored no more often than this, so that a bad day does not fill the ledger. */
const CHANGES_EVERY_MS = 60_000;

/**
 * Stores a reconciliation if it is the first of its hour (UTC), if whether money is missing has changed, or if it names other differences
 * than the last one stored and that is a minute old. Resolves to whether it was stored.
 */
export async function keepReport(ledger: LedgerPort, report: ReconciliationReport): Promise<boolean> {
  if (!saysMore(ledger.read.lastReconciliation(), report)) return false;
  const { discrepancies, ...counted } = report;
  await ledger.commit([{ kind: 'reconciled', reconciliation: { ...counted, discrepancies: JSON.stringify(discrepancies) } }]);
  return true;
}

function saysMore(last: ReconciliationRecord | undefined, report: ReconciliationReport): boolean {
  if (!last || last.fundsDiffer !== report.fundsDiffer) return true;
  // A clock that was set back makes an hour of its own too.
  if (Math.floor(last.timeMs / HOUR_MS) !== Math.floor(report.timeMs / HOUR_MS)) return true;
  const known = JSON.parse(last.discrepancies) as ReconciliationReport['discrepancies'];
  const changed = last.omitted !== report.omitted || namesOf(known) !== namesOf(report.discrepancies);
  return changed && report.timeMs - last.timeMs >= CHANGES_EVERY_MS;
}

/** What differs, not by how much: amounts move with every bet. */
function namesOf(discrepancies: ReconciliationReport['discrepancies']): string {
  return discrepancies
    .map(({ kind, subject, funds }) => `${kind} ${subject} ${funds}`)
    .sort()
    .join('\n');
}

/**
 * What is recorded of each setting; `undefined` leaves it out. Each is named, so that a new one is decided on: a setting that holds a secret,
 * or a part of one, must never be recorded.
 */
const RECORDED: { [Name in keyof Required<Config>]: (value: Config[Name]) => unknown } = {
  dataDirectory: () => undefined,
  // Whether there is one: where is the machine's business.
  provingKeysDirectory: (directory) => (directory === undefined ? 'development' : 'ceremony'),
  // Providers put their customers' keys into the path, the query or the user.
  rpcUrl: (url) => (URL.canParse(url) ? new URL(url).host : ''),
  rpcTimeoutMs: (value) => value,
  program: (value) => value,
  host: (value) => value,
  port: (value) => value,
  slotMs: (value) => value,
  pollMs: (value) => value,
  batchWaitMs: (value) => value,
  batchThreshold: (value) => value,
  proofs: (value) => value,
  proverThreads: (value) => value,
  parallelProofs: (value) => value,
  circuits: (value) => value,
  maxStake: String,
  reconcileEveryMs: (value) => value,
  archiveAfterMs: (value) => value,
  blobStores: (values) => values.flatMap((value) => value.split(',')).map(storeName),
  settlerWarnLamports: String,
  requestsPerMinute: (value) => value,
  corsOrigins: (values) => values,
  maxOpenBetsPerVault: (value) => value,
  profitBps: (value) => value,
  bankroll: String,
  exitDelaySlots: String,
  changeDelaySlots: String,
};

/** A store without paths at any host, which providers put their customers' keys into; of a bucket the prefix is none. */
function storeName(text: string): string {
  if (text === 'files') return text;
  const url = URL.parse(text);
  if (!url) return '';
  const parameters = [...url.searchParams].map(([name, value]) => `${name}=${URL.parse(value)?.host ?? value}`);
  const path = url.protocol === 's3:' ? url.pathname : '';
  return `${url.protocol}//${url.host}${path}${parameters.length > 0 ? `?${parameters.join('&')}` : ''}`;
}

/** The settings as JSON, names in order, amounts and slots as decimal strings, without secrets. */
export function settingsJson(config: Config): string {
  const names = Object.keys(RECORDED).sort() as (keyof Config)[];
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, recorded(config, name)])));
}

const recorded = <Name extends keyof Config>(config: Config, name: Name): unknown => recordedSetting(name, config[name]);

/** What may be shown and kept of a setting: nothing that is a secret. */
export const recordedSetting = <Name extends keyof Config>(name: Name, value: Config[Name]): unknown => RECORDED[name](value);

/** Stores the settings of this start if they differ from those of the last one that was stored. Resolves to whether it did. */
export async function keepSettings(ledger: LedgerPort, start: { config: Config; timeMs: number }): Promise<boolean> {
  const settings = settingsJson(start.config);
  if (ledger.read.lastConfiguration()?.settings === settings) return false;
  await ledger.commit([{ kind: 'configured', configuration: { timeMs: start.timeMs, settings } }]);
  return true;
}
