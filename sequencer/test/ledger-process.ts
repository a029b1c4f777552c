import { Ledger } from '../ledger/ledger.ts';
import type { BetRecord, LedgerEntry } from '../ledger/records.ts';

/*
 * A process with a real ledger, for tests that break its disk: node ledger-process.ts <path> <commits> [kill]. It commits bets one by
 * one, writes `acked <n>` for each that is durable, and ends as the service does: 75 where a restart may help, else 1. With `kill` it
 * ends itself by SIGKILL, its write-ahead log in place.
 */
const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);
export const PROCESS_VAULT = bytes(32, 1);

const VAULT: LedgerEntry = {
  kind: 'vault',
  vault: {
    vault: PROCESS_VAULT,
    owner: bytes(32, 2),
    accountId: bytes(32, 3),
    lastBet: 0n,
    head: bytes(32, 3),
    cumulativeDelta: 0n,
    lastTerms: 0,
    batchedThrough: 0n,
    finalizedThrough: 0n,
  },
};

const bet = (betNumber: bigint): BetRecord => ({
  vault: PROCESS_VAULT,
  betNumber,
  termsId: 1,
  stakeUnits: 5n,
  choice: 1,
  clientSeed: bytes(32, 4),
  head: Uint8Array.from(bytes(32, 9), (value, index) => (index < 8 ? Number((betNumber >> BigInt(8 * index)) & 255n) : value)),
  sessionKey: bytes(64, 5),
  signature: bytes(96, 6),
  serverSeed: bytes(32, 7),
  outcome: 0,
  payout: 0n,
  balanceAfter: 1_000_000_000n - 50_000n * betNumber,
  cumulativeDelta: -50_000n * betNumber,
  timeMs: 1_000n + betNumber,
  receiptSignature: bytes(64, 8),
});

async function main(path: string, commits: bigint, kill: boolean): Promise<void> {
  const end = (error: unknown) => {
    const { code, message, retry } = error as { code: string; message: string; retry: boolean };
    process.stderr.write(`${code} ${message}\n`);
    process.exit(retry ? 75 : 1);
  };
  try {
    const ledger = await Ledger.open({ path, onFailure: end });
    let last = ledger.read.vault(PROCESS_VAULT)?.lastBet;
    process.stdout.write(`opened ${last ?? 0n}\n`);
    if (last === undefined) await ledger.commit([VAULT]);
    for (last ??= 0n; last < commits; last += 1n) {
      await ledger.commit([{ kind: 'bet', bet: bet(last + 1n) }]);
      process.stdout.write(`acked ${last + 1n}\n`);
    }
    if (kill) process.kill(process.pid, 'SIGKILL');
    await ledger.close();
  } catch (error) {
    end(error);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [, , path, commits, kill] = process.argv;
  await main(path as string, BigInt(commits as string), kill === 'kill');
}
