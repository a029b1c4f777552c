import { PROGRAM_ERRORS } from './error-codes.ts';

export { PROGRAM_ERRORS } from './error-codes.ts';

export type ProgramErrorName = keyof typeof PROGRAM_ERRORS;

/** A failure that the program named. */
export interface ProgramErrorInfo {
  code: number;
  name: ProgramErrorName;
  message: string;
}

const BY_CODE = new Map<number, ProgramErrorInfo>(
  Object.entries(PROGRAM_ERRORS).map(([name, { code, message }]) => [code, { code, name: name as ProgramErrorName, message }]),
);

/** Account bytes that are not what they should be. */
export class AccountDataError extends Error {
  readonly code = 'BAD_ACCOUNT_DATA';

  constructor(message: string) {
    super(message);
    this.name = 'AccountDataError';
  }
}

/** How deep causes are followed. */
const MAX_CAUSES = 8;

/**
 * The program's failure inside a transaction error: the JSON-RPC form (`{InstructionError: [index, {Custom: code}]}`), or an error
 * of kit's with it as context or cause. The caller knows that the failed instruction was this program's: codes of other programs
 * below 6000 never match, but other programs may use the same ones.
 */
export function programErrorOf(error: unknown): (ProgramErrorInfo & { instruction: number }) | undefined {
  let current = error;
  for (let depth = 0; depth < MAX_CAUSES && typeof current === 'object' && current !== null; depth += 1) {
    const found = fromRpc(current) ?? fromKit(current);
    if (found !== undefined) {
      const info = BY_CODE.get(found.code);
      return info === undefined ? undefined : { ...info, instruction: found.instruction };
    }
    current = (current as { cause?: unknown }).cause;
  }
  return undefined;
}

interface Found {
  code: number;
  instruction: number;
}

function fromRpc(error: object): Found | undefined {
  const entry = (error as { InstructionError?: unknown }).InstructionError;
  if (!Array.isArray(entry)) return undefined;
  const code = (entry[1] as { Custom?: unknown } | null)?.Custom;
  return isInteger(code) && isInteger(entry[0]) ? { code: Number(code), instruction: Number(entry[0]) } : undefined;
}

function fromKit(error: object): Found | undefined {
  const context = (error as { context?: { code?: unknown; index?: unknown } }).context;
  return isInteger(context?.code) && isInteger(context.index)
    ? { code: Number(context.code), instruction: Number(context.index) }
    : undefined;
}

function isInteger(value: unknown): value is number | bigint {
  return typeof value === 'bigint' || Number.isInteger(value);
}
