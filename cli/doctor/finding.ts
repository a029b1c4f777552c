/** What a check found: `again` if it could not be made and may be later. */
export type Level = 'ok' | 'warn' | 'again' | 'fail';

export interface Finding {
  /** What was looked at, in a word or two; the same in every run. */
  check: string;
  level: Level;
  /** What was found. */
  message: string;
  /** What to do about it. */
  todo?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, level: 'ok', message });
export const warn = (check: string, message: string, todo: string): Finding => ({ check, level: 'warn', message, todo });
export const fail = (check: string, message: string, todo: string): Finding => ({ check, level: 'fail', message, todo });
export const again = (check: string, message: string, todo: string): Finding => ({ check, level: 'again', message, todo });
