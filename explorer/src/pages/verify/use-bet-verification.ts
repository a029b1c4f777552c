import { useEffect, useRef, useState } from 'preact/hooks';
import type { BetCheck } from '../../../../verifier/bet/checks.ts';
import type { BetReport } from '../../../../verifier/bet/verify-bet.ts';
import type { Failure } from './messages.ts';
import { type Running, runVerifier } from './run-verifier.ts';
import type { Places } from './sources.ts';

export interface BetVerification {
  phase: 'idle' | 'running' | 'done' | 'failed';
  /** Those that are decided, in the order in which they were. */
  checks: BetCheck[];
  report: BetReport | undefined;
  failure: Failure | undefined;
  /** The receipt file that is checked. */
  receiptFile: string | undefined;
  /** Where it looks. */
  places: Places | undefined;
}

const IDLE: BetVerification = {
  ...{ phase: 'idle', checks: [], report: undefined, failure: undefined, receiptFile: undefined, places: undefined },
};

/** Runs the verifier on one receipt file at a time; another start, or the end of the page, ends the one before. */
export function useBetVerification() {
  const [state, setState] = useState(IDLE);
  const running = useRef<Running | undefined>(undefined);
  const round = useRef(0);
  const stop = () => {
    round.current += 1;
    running.current?.end();
  };
  useEffect(() => stop, []);
  /** `read` gives the text of the file; what it throws is shown as a failure. */
  const start = async (places: Places, read: () => Promise<string>) => {
    stop();
    const mine = round.current;
    setState({ ...IDLE, phase: 'running' });
    let receiptFile: string;
    try {
      receiptFile = await read();
    } catch (error) {
      const failure = { code: 'RECEIPT_UNREACHABLE', message: error instanceof Error ? error.message : String(error) };
      if (mine === round.current) setState({ ...IDLE, phase: 'failed', failure });
      return;
    }
    if (mine !== round.current) return;
    setState({ ...IDLE, phase: 'running', receiptFile, places });
    const { house, rpcUrl, blobsUrl } = places;
    running.current = runVerifier({ type: 'bet', receiptFile, sources: { rpcUrl, blobsUrl }, house }, (answer) => {
      if (answer.type === 'check') setState((before) => ({ ...before, checks: [...before.checks, answer.check] }));
      else if (answer.type === 'bet') setState((before) => ({ ...before, phase: 'done', report: answer.report }));
      else if (answer.type === 'failed') setState((before) => ({ ...before, phase: 'failed', failure: answer.failure }));
    });
  };
  return { state, start };
}
