import type { Logger } from 'pino';
import type { Problem, ProblemCode } from './problems.ts';

/**
 * Raises an alert for each problem when it begins, and says when it ends: an error and an info line of the log whose field `alert` is
 * the problem's code. What watches the log needs that field alone.
 */
export class Alerts {
  readonly #log: Pick<Logger, 'error' | 'info'>;
  readonly #raised = new Set<ProblemCode>();

  constructor(log: Pick<Logger, 'error' | 'info'>) {
    this.#log = log;
  }

  update(problems: readonly Problem[]): void {
    const present = new Set(problems.map(({ code }) => code));
    for (const { code, message } of problems) {
      if (this.#raised.has(code)) continue;
      this.#raised.add(code);
      this.#log.error({ alert: code }, message);
    }
    for (const code of this.#raised) {
      if (present.has(code)) continue;
      this.#raised.delete(code);
      this.#log.info({ alert: code, ended: true }, 'the problem is over');
    }
  }
}
