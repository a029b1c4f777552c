import { ClientError } from '../errors.ts';
import type { ClientStore } from '../store.ts';
import { MemoryStore } from '../store.ts';
import { fetchTransport, type HttpAnswer, type HttpTransport } from '../transport.ts';

/** What happens to one attempt to bet between a client and its service. */
export const MISHAPS = [
  'none',
  'lost-request',
  'lost-answer',
  'late-request',
  'late-answer',
  'twice',
  'answer-of-another',
  'busy',
  'false-gap',
  'false-conflict',
  'false-refusal',
] as const;
export type Mishap = (typeof MISHAPS)[number];

const error = (status: number, code: string, retry: boolean): HttpAnswer => {
  return { status, retryAfter: undefined, text: JSON.stringify({ error: { code, message: code, retry } }) };
};

const LIES: Partial<Record<Mishap, HttpAnswer>> = {
  busy: error(503, 'BUSY', true),
  'false-gap': error(409, 'BET_GAP', true),
  'false-conflict': error(409, 'BET_CONFLICT', false),
};

const ticks = async (count: number) => {
  for (let tick = 0; tick < count; tick += 1) await new Promise((resolve) => setImmediate(resolve));
};

/** A line to the service on which requests and answers are lost, overtaken, doubled and swapped as `next` says. */
export function hostileLine(next: () => Mishap, onAnswer: (body: string, answer: HttpAnswer) => void): HttpTransport {
  const answers: HttpAnswer[] = [];
  return async (request) => {
    if (!request.body) return fetchTransport(request);
    const mishap = next();
    const lost = new ClientError('API_UNREACHABLE', mishap);
    if (mishap === 'lost-request') throw lost;
    const lie = LIES[mishap];
    if (lie) return lie;
    if (mishap === 'late-request') await ticks(30);
    if (mishap === 'twice') await fetchTransport(request);
    const answer = await fetchTransport(request);
    answers.push(answer);
    if (mishap === 'late-answer') await ticks(30);
    if (mishap === 'lost-answer') throw lost;
    const old = answers.filter(({ text }) => mishap === 'answer-of-another' || text.includes('"REFUSED"'));
    const given = mishap === 'answer-of-another' || mishap === 'false-refusal' ? (old[0] ?? answer) : answer;
    onAnswer(request.body, given);
    return given;
  };
}

/** A store that a crash cuts off: what was put stays for the next run, and nothing more gets in. */
export class CrashableStore implements ClientStore {
  readonly #values: Map<string, string>;
  readonly #locks = new MemoryStore();
  readonly #onPut: (key: string, value: string) => void;
  /** Puts until the crash. */
  putsLeft = Number.POSITIVE_INFINITY;

  constructor(values: Map<string, string>, onPut: (key: string, value: string) => void) {
    this.#values = values;
    this.#onPut = onPut;
  }

  async get(key: string): Promise<string | undefined> {
    if (this.putsLeft <= 0) throw new Error('crash');
    return this.#values.get(key);
  }

  async put(key: string, value: string): Promise<void> {
    this.putsLeft -= 1;
    if (this.putsLeft < 0) throw new Error('crash');
    this.#values.set(key, value);
    this.#onPut(key, value);
    // The last put is durable, but its caller does not hear of it.
    if (this.putsLeft === 0) throw new Error('crash');
  }

  withLock<T>(name: string, action: () => Promise<T>): Promise<T> {
    return this.#locks.withLock(name, action);
  }
}
