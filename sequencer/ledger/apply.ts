import type { DatabaseSync } from 'node:sqlite';
import type {
  ArchivedRange,
  BatchProgress,
  BatchRecord,
  BetRecord,
  LedgerEntry,
  QuarantineRecord,
  ReconciliationRecord,
  VoidRecord,
} from './records.ts';
import { toSql } from './schema.ts';
import { Statements } from './statements.ts';

type Cell = string | number | bigint | Uint8Array | null;

/** Columns that a batch gains on its way, by the field of `BatchProgress`. */
export const PROGRESS_COLUMNS: Record<keyof BatchProgress, string> = {
  proof: 'proof',
  proveMs: 'prove_ms',
  transaction: '"transaction"',
  signature: 'signature',
  lastValidBlockHeight: 'last_valid_block_height',
  leaderEpoch: 'leader_epoch',
  leaderNonce: 'leader_nonce',
  computeUnits: 'compute_units',
  confirmedAtMs: 'confirmed_at_ms',
  finalizedAtMs: 'finalized_at_ms',
};

/** Applies entries to the database, inside the caller's transaction. Throws where the ledger's invariants would break. */
export class LedgerWriter {
  readonly #statements: Statements;

  constructor(database: DatabaseSync) {
    this.#statements = new Statements(database);
  }

  apply(entry: LedgerEntry): void {
    switch (entry.kind) {
      case 'vault': {
        const { vault } = entry;
        const cells = [vault.vault, vault.owner, vault.accountId, toSql(vault.lastBet), vault.head, vault.cumulativeDelta];
        this.#insert('vaults', [...cells, vault.lastTerms, toSql(vault.batchedThrough), toSql(vault.finalizedThrough)]);
        return;
      }
      case 'bet':
        return this.#bet(entry.bet);
      case 'refusal': {
        const { vault, head, betNumber, code, signature } = entry.refusal;
        return this.#insert('refusals', [vault, head, toSql(betNumber), code, signature]);
      }
      case 'limit': {
        const { vault, throughBet, termsId, maxStakeUnits, signature } = entry.limit;
        return this.#insert('limits', [vault, toSql(throughBet), termsId, toSql(maxStakeUnits), signature]);
      }
      case 'leader': {
        const { epoch, nonce, finalized } = entry.leader;
        const cells = [toSql(epoch), toSql(nonce), finalized ? 1 : 0];
        const sql = 'INSERT INTO leaders (epoch, nonce, finalized) VALUES (?, ?, ?)';
        this.#run(`${sql} ON CONFLICT DO UPDATE SET finalized = excluded.finalized`, cells);
        return;
      }
      case 'meta':
        this.#run('INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', [
          entry.key,
          entry.value,
        ]);
        return;
      case 'batch-created':
        return this.#batchCreated(entry.batch);
      case 'batch-moved':
        return this.#batchMoved(entry);
      case 'batch-withdrawn':
        return this.#batchWithdrawn(entry);
      case 'transfer-signed':
        for (const { vault, lastBet } of entry.vaults) {
          this.#insert('transfers', [vault, toSql(lastBet), entry.signature, toSql(entry.transferNumber)]);
        }
        return;
      case 'quarantined':
        return this.#quarantined(entry.quarantine);
      case 'quarantine-ended':
        this.#run('DELETE FROM quarantine WHERE vault = ?', [entry.vault]);
        return;
      case 'settled-through':
        return this.#one('UPDATE vaults SET finalized_through = ?1 WHERE vault = ?2 AND finalized_through <= ?1', [
          toSql(entry.betNumber),
          entry.vault,
        ]);
      case 'vault-voided':
        return this.#vaultVoided(entry.voided);
      case 'archive-created': {
        const { archiveNumber, fileHash, directoryHash, bytes, bets, fromBatch, throughBatch, createdAtMs } = entry.archive;
        const cells = [toSql(archiveNumber), 'Copied', fileHash, directoryHash, bytes, bets, toSql(fromBatch)];
        return this.#insert('archives', [...cells, toSql(throughBatch), createdAtMs]);
      }
      case 'archive-became':
        return this.#archiveBecame(entry);
      case 'bets-archived':
        return this.#betsArchived(entry.range);
      case 'bets-restored':
        return this.#betsRestored(entry);
      case 'reconciled':
        return this.#reconciled(entry.reconciliation);
      case 'configured':
        return this.#insert('configurations', [null, entry.configuration.timeMs, entry.configuration.settings]);
    }
  }

  #bet(bet: BetRecord): void {
    const advanced = [toSql(bet.betNumber), bet.head, bet.cumulativeDelta, bet.termsId, bet.vault];
    this.#one(
      `UPDATE vaults SET last_bet = ?1, head = ?2, cumulative_delta = ?3, last_terms = ?4
       WHERE vault = ?5 AND last_bet = ?1 - 1 AND last_terms <= ?4 AND vault NOT IN (SELECT vault FROM voided_vaults)`,
      advanced,
    );
    this.#insertBet(bet);
  }

  #insertBet(bet: BetRecord): void {
    const chosen = [bet.vault, toSql(bet.betNumber), bet.termsId, toSql(bet.stakeUnits), bet.choice, bet.clientSeed, bet.head];
    const played = [bet.sessionKey, bet.signature, bet.serverSeed, bet.outcome, toSql(bet.payout), toSql(bet.balanceAfter)];
    this.#insert('bets', [...chosen, ...played, bet.cumulativeDelta, bet.timeMs, bet.receiptSignature]);
  }

  #archiveBecame({ archiveNumber, from, to }: Extract<LedgerEntry, { kind: 'archive-became' }>): void {
    this.#one('UPDATE archives SET state = ? WHERE archive = ? AND state = ?', [to, toSql(archiveNumber), from]);
    if (to !== 'Restored') return;
    const left = this.#statements.of('SELECT 1 FROM archived_ranges WHERE archive = ?').get(toSql(archiveNumber));
    if (left) throw new Error(`archive ${archiveNumber} still has bets that are not in the ledger`);
  }

  /**
   * Takes bets out of the ledger that a Copied archive holds: settled, and each vault's last settled one is never among them. What is in
   * the file the archiver has read back; that no bet goes missing on the way is checked here.
   */
  #betsArchived({ vault, firstBet, lastBet, archiveNumber, firstRow }: ArchivedRange): void {
    const [first, last, archive] = [toSql(firstBet), toSql(lastBet), toSql(archiveNumber)];
    const allowed = `SELECT 1 FROM archives, vaults WHERE archive = ?1 AND state = 'Copied' AND vault = ?2 AND finalized_through > ?3
      AND NOT EXISTS (SELECT 1 FROM batches JOIN batch_runs USING (batch_number)
        WHERE state <> 'Finalized' AND batch_runs.vault = ?2 AND first_bet <= ?3 + 1)`;
    if (!this.#statements.of(allowed).get(archive, vault, last))
      throw new Error(`bets up to ${lastBet} of a vault can not be archived`);
    const removed = this.#run('DELETE FROM bets WHERE vault = ? AND bet_number BETWEEN ? AND ?', [vault, first, last]);
    if (BigInt(removed) !== lastBet - firstBet + 1n)
      throw new Error(`${removed} bets of ${firstBet} to ${lastBet} were in the ledger`);
    const grown = this.#run(
      'UPDATE archived_ranges SET last_bet = ?1 WHERE vault = ?2 AND archive = ?3 AND last_bet = ?4 - 1 AND first_row + (?4 - first_bet) = ?5',
      [last, vault, archive, first, firstRow],
    );
    if (grown === 0) this.#insert('archived_ranges', [vault, first, last, archive, firstRow]);
  }

  /** Puts the first bets of an archived range back into the ledger, as they were. */
  #betsRestored({ archiveNumber, bets }: Extract<LedgerEntry, { kind: 'bets-restored' }>): void {
    const [first, last] = [bets[0], bets.at(-1)];
    if (!first || !last || last.betNumber - first.betNumber !== BigInt(bets.length - 1))
      throw new Error('these bets are no range');
    const key = [first.vault, toSql(first.betNumber), toSql(archiveNumber)];
    const of =
      "vault = ?1 AND first_bet = ?2 AND archive = ?3 AND archive IN (SELECT archive FROM archives WHERE state = 'Restoring')";
    const after = toSql(last.betNumber);
    if (this.#run(`DELETE FROM archived_ranges WHERE ${of} AND last_bet = ?4`, [...key, after]) === 0) {
      const sql = `UPDATE archived_ranges SET first_bet = ?4 + 1, first_row = first_row + ?5 WHERE ${of} AND last_bet > ?4`;
      this.#one(sql, [...key, after, bets.length]);
    }
    for (const bet of bets) this.#insertBet(bet);
  }

  /** Ends a vault's unsettled bets: all of them, and no others. From here on no batch can take any of them. */
  #vaultVoided({ vault, fromBet, throughBet, slot, reason }: VoidRecord): void {
    this.#insert('voided_vaults', [vault, toSql(fromBet), toSql(throughBet), toSql(slot), reason]);
    this.#one('UPDATE vaults SET batched_through = last_bet WHERE vault = ?1 AND finalized_through = ?2 AND last_bet = ?3', [
      vault,
      toSql(fromBet - 1n),
      toSql(throughBet),
    ]);
  }

  #batchCreated(batch: BatchRecord): void {
    const { batchNumber, runs } = batch;
    const what = [toSql(batchNumber), batch.state, batch.termsId, batch.vkId, batch.size, batch.betCount, batch.blobHash];
    const when = [batch.outcomes, batch.attempt, batch.createdAtMs, batch.updatedAtMs];
    this.#insert('batches', [...what, ...when, ...Object.keys(PROGRESS_COLUMNS).map(() => null)]);
    for (const run of runs) {
      const amounts = [toSql(run.start), toSql(run.consume), toSql(run.after), toSql(run.firstBet), run.betCount];
      this.#insert('batch_runs', [toSql(batchNumber), run.slot, run.vault, ...amounts, run.keySlot, run.payRequest ? 1 : 0]);
      this.#one(`UPDATE vaults SET batched_through = ?1 WHERE vault = ?2 AND batched_through = ?3 AND last_bet >= ?1`, [
        toSql(run.firstBet + BigInt(run.betCount) - 1n),
        run.vault,
        toSql(run.firstBet - 1n),
      ]);
    }
    this.#audit({ ...batch, timeMs: batch.createdAtMs, from: '', to: batch.state, reason: 'built', signature: '' });
  }

  #batchMoved(entry: Extract<LedgerEntry, { kind: 'batch-moved' }>): void {
    const progress = Object.entries(entry.progress ?? {}) as [keyof BatchProgress, Cell][];
    const assignments = progress.map(([field]) => `${PROGRESS_COLUMNS[field]} = ?`);
    this.#one(
      `UPDATE batches SET ${['state = ?', 'updated_at_ms = ?', 'attempt = ?', ...assignments].join(', ')}
       WHERE batch_number = ? AND state = ?`,
      [
        entry.to,
        entry.timeMs,
        entry.attempt,
        ...progress.map(([, value]) => (typeof value === 'bigint' ? toSql(value) : value)),
        toSql(entry.batchNumber),
        entry.from,
      ],
    );
    this.#audit({ ...entry, signature: entry.progress?.signature ?? '' });
  }

  /** Takes an unsettled batch back: its bets are owed as before, unless voided; its number is free again, its trail stays. */
  #batchWithdrawn(entry: Extract<LedgerEntry, { kind: 'batch-withdrawn' }>): void {
    const key = toSql(entry.batchNumber);
    const batch = this.#statements.of('SELECT state, attempt FROM batches WHERE batch_number = ?').get(key);
    if (!batch || batch.state === 'Finalized') throw new Error(`batch ${entry.batchNumber} can not be withdrawn`);
    for (const run of this.#statements.of('SELECT vault, first_bet FROM batch_runs WHERE batch_number = ?').all(key)) {
      const through = (run.first_bet as bigint) - 1n;
      const vault = run.vault as Uint8Array;
      if (this.#statements.of('SELECT 1 FROM voided_vaults WHERE vault = ?').get(vault)) continue;
      this.#one('UPDATE vaults SET batched_through = ? WHERE vault = ?', [through, vault]);
    }
    this.#run('DELETE FROM batch_runs WHERE batch_number = ?', [key]);
    this.#one('DELETE FROM batches WHERE batch_number = ?', [key]);
    const from = batch.state as string;
    this.#audit({ ...entry, from, to: '', attempt: Number(batch.attempt), signature: '' });
  }

  /**
   * Holds a vault from its first bet that is in no batch; one that is held already is held on. A vault whose bets have found another end
   * since the hold was decided is left alone: there is nothing to hold.
   */
  #quarantined({ vault, firstBet, reason, sinceMs, attempts, retryAtMs }: QuarantineRecord): void {
    const waits = 'SELECT 1 FROM vaults WHERE vault = ?1 AND batched_through = ?2 - 1 AND last_bet >= ?2';
    if (!this.#statements.of(waits).get(vault, toSql(firstBet))) return;
    this.#run('DELETE FROM quarantine WHERE vault = ?', [vault]);
    this.#insert('quarantine', [vault, toSql(firstBet), reason, sinceMs, attempts, retryAtMs]);
  }

  #reconciled(report: ReconciliationRecord): void {
    const checked = [report.vaultsChecked, report.batchesChecked, report.transfersChecked];
    const found = [report.complete ? 1 : 0, report.fundsDiffer ? 1 : 0, report.omitted, report.discrepancies];
    this.#insert('reconciliations', [null, report.timeMs, toSql(report.slot), ...checked, ...found]);
  }

  #audit(line: {
    batchNumber: bigint;
    timeMs: number;
    from: string;
    to: string;
    reason: string;
    attempt: number;
    signature: string;
  }): void {
    this.#run(
      'INSERT INTO audit (batch_number, time_ms, from_state, to_state, reason, attempt, signature) VALUES (?, ?, ?, ?, ?, ?, ?)',
      [toSql(line.batchNumber), line.timeMs, line.from, line.to, line.reason, line.attempt, line.signature],
    );
  }

  /** A whole row; its last column, the seal, is the trigger's to fill. */
  #insert(table: string, cells: Cell[]): void {
    this.#run(`INSERT INTO ${table} VALUES (${cells.map(() => '?').join(', ')}, NULL)`, cells);
  }

  /** Runs a statement that must change exactly one row: the check before and after every write. */
  #one(sql: string, cells: Cell[]): void {
    const changes = this.#run(sql, cells);
    if (changes !== 1) throw new Error(`ledger invariant broken: ${changes} rows changed by ${sql.replace(/\s+/g, ' ')}`);
  }

  #run(sql: string, cells: Cell[]): number {
    return Number(this.#statements.of(sql).run(...cells).changes);
  }
}
