import type { Command } from 'commander';

const HOUSE = '--house ADDRESS';
const NODE = '--rpc http://127.0.0.1:8899';
const BLOBS = '--blobs http://127.0.0.1:8787/v1/blobs';

/** Examples of the commands that bring none of their own, by what stands behind `casino`. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  'house pause': ['house pause', 'house pause --data /srv/casino --rpc https://node.example --yes'],
  'house unpause': ['house unpause'],
  'house rotate settler': ['house rotate settler'],
  'house rotate authority': ['house rotate authority', 'house apply authority      once the wait is over'],
  'house rotate delays': ['house rotate delays --exit-slots 21600 --change-slots 43200'],
  'house changes': ['house changes', 'house changes --json'],
  'house apply': ['house apply delays'],
  'house cancel': ['house cancel authority'],
  'bettor deposit': ['bettor deposit 1.5', 'bettor deposit 1500000000lamports --keypair wallet.json'],
  'bettor balance': ['bettor balance --keypair wallet.json'],
  'bettor history': ['bettor history', 'bettor history --json'],
  'bettor withdraw': ['bettor withdraw 0.5', 'bettor withdraw all'],
  'bettor exit': [`bettor exit ${HOUSE} --program ADDRESS      the service is not asked for anything`],
  'bettor airdrop': ['bettor airdrop 2 --keypair wallet.json'],
  'audit export': [`audit export --data data --out books --from 2026-01-01 --to 2026-04-01 --format parquet ${NODE}`],
  'audit verify': [`audit verify books ${NODE} ${HOUSE}`],
  'fairness simulate': ['fairness simulate --bets 1000000 --seed 7'],
  'fairness history': [`fairness history ${NODE} ${BLOBS}`],
  'verify chain': [`verify chain ${NODE} ${BLOBS} ${HOUSE}`, `verify chain ${NODE} --blobs data/blobs --fresh --json`],
  'verify bet': [`verify bet receipt.json ${NODE} ${BLOBS} ${HOUSE}`],
  'backup verify': ['backup verify /mnt/backups'],
  'backup list': ['backup list /mnt/backups --json'],
  'archive list': ['archive list --data data'],
  'archive verify': ['archive verify --data data'],
  'archive restore': ['archive restore 000001-3f.zka --data data', 'archive restore copy.zka --data data --file-only'],
  'archive now': ['archive now --data data --older-than-ms 86400000'],
  'keys list': ['keys list', `keys list --data /srv/casino ${NODE}`],
  'keys show': ['keys show ~/.config/solana/id.json'],
  'keys new': ['keys new wallet.json'],
  'keys ceremony start': ['keys ceremony start --circuit small --ptau powers-15.ptau --out ceremony-small'],
  'keys ceremony contribute': ['keys ceremony contribute --dir ceremony-small --name "Ada Lovelace"'],
  'keys ceremony beacon': ['keys ceremony beacon --dir ceremony-small --hash HEX --source "Solana slot 400000000"'],
  'keys ceremony verify': ['keys ceremony verify --dir ceremony-small --transcript small.transcript.json'],
  'keys ceremony export': ['keys ceremony export --dir ceremony-small --out proving-keys'],
  'keys ceremony check': [`keys ceremony check --transcript small.transcript.json ${NODE} ${HOUSE}`],
};

/** Shows the examples in each command's help. */
export function addExamples(command: Command, path = ''): void {
  for (const inner of command.commands) addExamples(inner, path === '' ? inner.name() : `${path} ${inner.name()}`);
  const lines = EXAMPLES[path];
  if (lines)
    command.addHelpText(
      'after',
      `\nExample${lines.length > 1 ? 's' : ''}:\n${lines.map((line) => `  casino ${line}`).join('\n')}`,
    );
}
