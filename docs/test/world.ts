import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../cli/test/free-port.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CASINO = join(ROOT, 'casino.mjs');
/** Ports that the pages name, as the commands have them when nothing else is asked for. */
const DEFAULT_PORTS = { api: 8787, explorer: 8788, rpc: 8899 };
/** What a shell needs to run the commands of a page as they stand: `casino` is this checkout's, and its defaults are the demo's addresses. */
const SHELL = `
casino() {
  local help flag
  help=$("$NODE" "$CASINO" "$@" --help 2>/dev/null || true)
  for flag in api rpc; do
    case "$help" in *"--$flag <"*) case " $* " in *" --$flag "*) ;; *) [ "$flag" = api ] && set -- "$@" --api "$API" || set -- "$@" --rpc "$RPC" ;; esac ;; esac
  done
  "$NODE" "$CASINO" "$@"
}
npx() { [ "$1" = casino ] || { echo "npx $1 is not for a test" >&2; return 2; }; shift; casino "$@"; }
`;

/** A demo that stays up, whose directory the commands of the pages run beside: it is \`data\` to them. */
export class DocsWorld {
  readonly directory = mkdtempSync(join(tmpdir(), 'docs-'));
  readonly #ports: typeof DEFAULT_PORTS;
  readonly #demo: ChildProcess;
  #variables: Record<string, string> = {};

  private constructor(ports: typeof DEFAULT_PORTS) {
    this.#ports = ports;
    const flags = ['--api-port', `${ports.api}`, '--rpc-port', `${ports.rpc}`, '--explorer-port', `${ports.explorer}`];
    this.#demo = spawn(process.execPath, [CASINO, 'demo', ...flags], {
      cwd: this.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  /** Resolves once every bet of the demo is final. */
  static async open(): Promise<DocsWorld> {
    const world = new DocsWorld({ api: await freePort(), explorer: await freePort(), rpc: await freePort() });
    try {
      await world.#settled();
      await world.#readVariables();
      return world;
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** Runs a script as bash would, the pages' addresses and variables being those of the demo. */
  run(script: string): Promise<{ exitCode: number | null; output: string }> {
    let text = script;
    for (const [name, port] of Object.entries(DEFAULT_PORTS)) {
      text = text.replaceAll(new RegExp(`\\b${port}\\b`, 'g'), `${this.#ports[name as keyof typeof DEFAULT_PORTS]}`);
    }
    const env = { ...process.env, ...this.#variables, NODE: process.execPath, CASINO };
    const shell = spawn('bash', ['-euo', 'pipefail', '-c', `${SHELL}\n${text}`], { cwd: this.directory, env });
    const chunks: Buffer[] = [];
    for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    return new Promise((resolve) => {
      shell.once('close', (exitCode) => resolve({ exitCode, output: Buffer.concat(chunks).toString() }));
    });
  }

  async close(): Promise<void> {
    const ended = new Promise((resolve) => this.#demo.once('close', resolve));
    if (this.#demo.exitCode === null && this.#demo.kill('SIGINT')) await ended;
    rmSync(this.directory, { recursive: true, force: true });
  }

  #settled(): Promise<void> {
    const kept: string[] = [];
    const { stdout, stderr } = this.#demo as { stdout: NodeJS.ReadableStream; stderr: NodeJS.ReadableStream };
    return new Promise((resolve, reject) => {
      for (const stream of [stdout, stderr]) {
        createInterface({ input: stream }).on('line', (line) => {
          kept.push(line);
          if (line.includes('Ctrl-C')) resolve();
        });
      }
      this.#demo.once('close', () => reject(new Error(`the demo ended:\n${kept.join('\n')}`)));
    });
  }

  /** What the pages call by name: addresses and ids of the demo. */
  async #readVariables(): Promise<void> {
    const api = `http://127.0.0.1:${this.#ports.api}`;
    const ask = async <T>(path: string) => (await (await fetch(`${api}${path}`)).json()) as T;
    const { house, program } = await ask<{ house: string; program: string }>('/v1/house');
    const { batches } = await ask<{ batches: { blob_cid: string }[] }>('/v1/batches');
    const { bets } = await ask<{ bets: { user: string }[] }>('/v1/bets');
    const receipts = join(this.directory, 'data/receipts');
    const [receipt = ''] = readdirSync(receipts);
    this.#variables = {
      API: api,
      RPC: `http://127.0.0.1:${this.#ports.rpc}`,
      BLOBS: `${api}/v1/blobs`,
      HOUSE: house,
      OWNER: bets[0]?.user ?? '',
      HOME: this.directory,
      PROGRAM: program,
      CID: batches[0]?.blob_cid ?? '',
      RECEIPT: join(receipts, receipt),
    };
  }
}
