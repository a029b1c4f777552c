import type { Address } from '@solana/kit';

const INVOKE = /^Program (\S+) invoke \[\d+\]$/;
const RETURN = /^Program (\S+) (?:success|failed: .*)$/;
const DATA = /^Program data: (.*)$/;
const TRUNCATED = 'Log truncated';

/** What a program logged as data in each of its calls, in order of the calls, in base64; `whole` unless the log was cut short. */
export interface ProgramLog {
  calls: string[][];
  whole: boolean;
}

/** Reads a transaction's log. Only lines written while the program ran itself count: any program can log the same bytes. */
export function readLog(logs: readonly string[], program: Address): ProgramLog {
  const stack: (string[] | undefined)[] = [];
  const calls: string[][] = [];
  for (const line of logs) {
    if (line === TRUNCATED) return { calls, whole: false };
    const invoked = INVOKE.exec(line)?.[1];
    const data = DATA.exec(line)?.[1];
    if (invoked !== undefined) {
      const own = invoked === program ? [] : undefined;
      if (own) calls.push(own);
      stack.push(own);
    } else if (RETURN.test(line)) stack.pop();
    else if (data !== undefined) stack.at(-1)?.push(data);
  }
  return { calls, whole: true };
}
