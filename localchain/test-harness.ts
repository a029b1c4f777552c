import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  airdropFactory,
  appendTransactionMessageInstructions,
  type Base64EncodedWireTransaction,
  createSolanaRpc,
  createSolanaRpcSubscriptions,
  createTransactionMessage,
  generateKeyPairSigner,
  getBase64EncodedWireTransaction,
  getSignatureFromTransaction,
  type Instruction,
  type KeyPairSigner,
  lamports,
  pipe,
  sendAndConfirmTransactionFactory,
  setTransactionMessageFeePayerSigner,
  setTransactionMessageLifetimeUsingBlockhash,
  signTransactionMessageWithSigners,
} from '@solana/kit';
import { getTransferSolInstruction } from '@solana-program/system';
import { type ChainClock, LocalChain } from './chain.ts';
import { startServer } from './server.ts';

export const SOL = 1_000_000_000n;

/** A data directory that is removed afterwards. */
export function temporaryDirectory(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'localchain-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Time that moves only when told to, so that a test decides which slot it is. */
export class ManualClock implements ChainClock {
  #elapsedMs = 0;
  readonly #startMs = Date.UTC(2030, 0, 1);

  unixMs(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonicMs(): number {
    return this.#elapsedMs;
  }

  add(ms: number): void {
    this.#elapsedMs += ms;
  }
}

/** Waits until a condition holds; throws after a time that only a broken chain needs. */
export async function waitFor(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const deadlineMs = performance.now() + 20_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** kit's ordinary clients of one endpoint, and what most tests do with them. */
export function createClient(endpoint: { url: string; webSocketUrl: string }) {
  const rpc = createSolanaRpc(endpoint.url);
  const rpcSubscriptions = createSolanaRpcSubscriptions(endpoint.webSocketUrl);
  const sendAndConfirm = sendAndConfirmTransactionFactory({ rpc, rpcSubscriptions });
  const airdrop = airdropFactory({ rpc, rpcSubscriptions });
  const fund = async (sol = 10n): Promise<KeyPairSigner> => {
    const signer = await generateKeyPairSigner();
    await rpc.requestAirdrop(signer.address, lamports(sol * SOL)).send();
    return signer;
  };
  const sign = async (payer: KeyPairSigner, instructions: readonly Instruction[], blockhash?: BlockhashLifetime) => {
    const lifetime = blockhash ?? (await rpc.getLatestBlockhash({ commitment: 'processed' }).send()).value;
    return await pipe(
      createTransactionMessage({ version: 0 }),
      (message) => setTransactionMessageFeePayerSigner(payer, message),
      (message) => setTransactionMessageLifetimeUsingBlockhash(lifetime, message),
      (message) => appendTransactionMessageInstructions(instructions, message),
      (message) => signTransactionMessageWithSigners(message),
    );
  };
  const transfer = async (options: {
    from: KeyPairSigner;
    to: Address;
    amount: bigint;
    blockhash?: BlockhashLifetime;
  }): Promise<SignedTransfer> => {
    const { from, to, amount, blockhash } = options;
    const transaction = await sign(from, [getTransferSolInstruction({ source: from, destination: to, amount })], blockhash);
    const signature = getSignatureFromTransaction(transaction);
    return { transaction, signature, wire: getBase64EncodedWireTransaction(transaction) };
  };
  const send = (wire: Base64EncodedWireTransaction, skipPreflight = false) =>
    rpc.sendTransaction(wire, { encoding: 'base64', skipPreflight, preflightCommitment: 'processed' }).send();
  return { rpc, rpcSubscriptions, sendAndConfirm, airdrop, fund, sign, transfer, send };
}

type BlockhashLifetime = Parameters<typeof setTransactionMessageLifetimeUsingBlockhash>[0];
type SignedTransfer = {
  transaction: Awaited<ReturnType<ReturnType<typeof createClient>['sign']>>;
  signature: ReturnType<typeof getSignatureFromTransaction>;
  wire: Base64EncodedWireTransaction;
};

/** A chain and its server in this process, on a manual clock. */
export async function startTestChain(options: {
  directory: string;
  confirmSlots?: number;
  finalizeSlots?: number;
  programs?: readonly { address: string; path: string }[];
}) {
  const clock = new ManualClock();
  const log = { info: () => {}, warn: () => {} };
  const slotMs = 10;
  const chain = await LocalChain.open({
    directory: options.directory,
    programs: options.programs ?? [],
    slotMs,
    confirmSlots: options.confirmSlots ?? 2,
    finalizeSlots: options.finalizeSlots ?? 5,
    historyTransactions: 1_000,
    clock,
    log,
    onFatal: (error) => {
      throw error;
    },
  });
  const server = await startServer({ chain, host: '127.0.0.1', port: 0, log });
  const addSlots = async (slots: number): Promise<void> => {
    const target = chain.slotAt('processed') + slots;
    while (chain.slotAt('processed') < target) {
      const step = Math.min(32, target - chain.slotAt('processed'));
      const next = chain.slotAt('processed') + step;
      clock.add(step * slotMs);
      await waitFor(() => chain.slotAt('processed') >= next, `slot ${next}`);
    }
  };
  const close = async (): Promise<void> => {
    await server.close();
    await chain.close();
  };
  return { chain, server, client: createClient(server), addSlots, close };
}

/** A raw JSON-RPC call, for answers that a typed client would not show or not send. */
export async function callRaw(url: string, body: unknown): Promise<RawAnswer> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : null };
}

// biome-ignore lint/suspicious/noExplicitAny: the shape of a raw answer is what the tests assert.
type RawAnswer = { status: number; text: string; json: any };

/** A random 32-byte address in bytes. */
export const randomAddressBytes = (): Uint8Array => new Uint8Array(randomBytes(32));
