import type { ProgramErrorName } from '../client/index.ts';
import type { Outcome } from './chain.ts';
import type { Stage } from './stage.ts';

/** One way to be refused: the error, what is wrong, and the attempt. */
export type Refusal = [error: ProgramErrorName, what: string, attempt: (stage: Stage) => Promise<Outcome>];
