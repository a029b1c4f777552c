/// <reference lib="webworker" />
import type { Address } from '@solana/kit';
import { BrowserStore } from '../../../../client/browser-store.ts';
import { verifyBet } from '../../../../verifier/bet/verify-bet.ts';
import { httpBlobs } from '../../../../verifier/blob-source.ts';
import { type VerifyProgress, verifyChain } from '../../../../verifier/chain.ts';
import { messageOf, VerifierError } from '../../../../verifier/errors.ts';
import { connectChain } from '../../../../verifier/rpc.ts';
import type { Answer, Request, Sources } from './messages.ts';

/** The verifier, in a thread of its own: the page stays quick, and is told each step. One worker, one verification. */

/** Fewer than the command's: a person is waiting, and can try again with a button. */
const TRIES = 4;
/** Progress is told this often at most. */
const TELL_EVERY_MS = 100;
const STORE = 'zk-casino-verify';

declare const self: DedicatedWorkerGlobalScope;

const stopping = new AbortController();
const tell = (answer: Answer) => self.postMessage(answer);

self.addEventListener('message', ({ data }: MessageEvent<Request>) => {
  if (data.type === 'stop') return stopping.abort();
  const running = data.type === 'bet' ? checkBet(data) : replayHouse(data);
  running.catch((error: unknown) => tell({ type: 'failed', failure: { code: codeOf(error), message: messageOf(error) } }));
});

async function checkBet({ receiptFile, sources, house }: Extract<Request, { type: 'bet' }>): Promise<void> {
  const onCheck = (check: Parameters<NonNullable<Parameters<typeof verifyBet>[0]['onCheck']>>[0]) =>
    tell({ type: 'check', check });
  const report = await verifyBet({ receiptFile, ...placesOf(sources), house, onCheck });
  tell({ type: 'bet', report });
}

async function replayHouse({ sources, program, house, fresh }: Extract<Request, { type: 'house' }>): Promise<void> {
  const { rpc, blobs } = placesOf(sources);
  const states = await keptStates(`${await rpc.genesisHash()}/${program}/${house}`);
  const checkpoint = fresh ? undefined : await states.load();
  let toldAtMs = Number.NEGATIVE_INFINITY;
  const onProgress = (progress: VerifyProgress) => {
    const isLast = progress.done === progress.total;
    if (!isLast && performance.now() - toldAtMs < TELL_EVERY_MS) return;
    toldAtMs = performance.now();
    tell({ type: 'progress', progress });
  };
  const report = await verifyChain({
    ...{ rpc, blobs, program: program as Address, house: house as Address, onProgress, signal: stopping.signal, checkpoint },
    onCheckpoint: async (state) => tell({ type: 'kept', kept: await states.save(state) }),
  });
  tell({ type: 'house', report });
}

function placesOf({ rpcUrl, blobsUrl }: Sources) {
  return { rpc: connectChain({ url: rpcUrl, tries: TRIES }), blobs: httpBlobs({ base: blobsUrl, tries: TRIES }) };
}

/** The state of a replay in this browser. Without storage it is not kept, which is no reason not to verify. */
async function keptStates(key: string) {
  const store = await BrowserStore.open(STORE).catch(() => undefined);
  return {
    load: async () => store?.get(key),
    save: async (state: string) => {
      try {
        await store?.put(key, state);
        return store !== undefined;
      } catch {
        return false;
      }
    },
  };
}

function codeOf(error: unknown): string {
  if (error instanceof VerifierError) return error.code;
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'UNEXPECTED';
}
