// Would catch: two different bets signed with one number without a refusal that covers the first, whatever service and network do.
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { fieldToHex, fromHex } from '../protocol/bytes.ts';
import { decodeRefusal } from '../protocol/messages.ts';
import { CrashableStore, hostileLine, MISHAPS, type Mishap } from './test/hostile-line.ts';
import { recordKey, setTable } from './test/table.ts';

interface SignedHead {
  number: string;
  before: string;
}

/** Follows what is made durable and what leaves, and holds it against the rule. */
class Watcher {
  readonly #signed = new Map<string, SignedHead>();
  readonly #signatures = new Set<string>();
  readonly #refused = new Set<string>();
  /** Kept, not thrown: the client would take what is thrown for a fault of its store. */
  readonly violations: string[] = [];

  get signedTwice(): number {
    const numbers = [...this.#signed.values()].map(({ number }) => number);
    return numbers.length - new Set(numbers).size;
  }

  stored(key: string, value: string): void {
    if (!key.endsWith('/record')) return;
    const record = JSON.parse(value) as { pending: { betNumber: string; head: string; headBefore: string; signature: string }[] };
    for (const bet of record.pending) {
      this.#signatures.add(bet.signature);
      if (this.#signed.has(bet.head)) continue;
      for (const [head, { number }] of this.#signed) {
        if (number === bet.betNumber && !this.#isCovered(head)) this.violations.push(`number ${number} was signed twice`);
      }
      this.#signed.set(bet.head, { number: bet.betNumber, before: bet.headBefore });
    }
  }

  answered(text: string): void {
    const { error } = JSON.parse(text) as { error?: { refusal?: { message: string } } };
    if (!error?.refusal) return;
    const { message } = error.refusal;
    this.#refused.add(fieldToHex(decodeRefusal(fromHex(message, message.length / 2)).head));
  }

  sent(body: string): void {
    const { sig } = JSON.parse(body) as { sig: string };
    if (!this.#signatures.has(sig)) this.violations.push('a bet left that was not durable');
  }

  /** Whether the head, or one that it is built on, was refused under the house's signature. */
  #isCovered(head: string): boolean {
    for (let at: string | undefined = head; at !== undefined; at = this.#signed.get(at)?.before) {
      if (this.#refused.has(at)) return true;
    }
    return false;
  }
}

const life = fc.record({
  bets: fc.array(fc.record({ heads: fc.boolean(), units: fc.integer({ min: 1, max: 400 }) }), { minLength: 1, maxLength: 10 }),
  mishaps: fc.array(fc.constantFrom(...MISHAPS), { minLength: 1, maxLength: 25 }),
  refuses: fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }),
  crashAfterPuts: fc.option(fc.integer({ min: 0, max: 25 })),
});

it('no number is signed twice without a refusal that covers it, through lives of loss, lies and crashes', async () => {
  let doubled = 0;
  const property = fc.asyncProperty(fc.array(life, { minLength: 1, maxLength: 4 }), async (lives) => {
    const table = await setTable();
    try {
      const values = new Map([...(await copied(table))]);
      const watcher = new Watcher();
      for (const { bets, mishaps, refuses, crashAfterPuts } of lives) {
        const store = new CrashableStore(values, (key, value) => watcher.stored(key, value));
        let turn = 0;
        const next = (): Mishap => mishaps[turn++ % mishaps.length] as Mishap;
        const line = hostileLine(next, (_, answer) => watcher.answered(answer.text));
        const transport: typeof line = (request) => {
          if (request.body) watcher.sent(request.body);
          return line(request);
        };
        let asked = 0;
        table.service.lies.refuses = () => (refuses[asked++ % refuses.length] ? 2 : 0);
        const client = await table.connect({ store, transport });
        store.putsLeft = crashAfterPuts ?? Number.POSITIVE_INFINITY;
        const placed = bets.map(({ heads, units }) =>
          client.bet({ amount: BigInt(units) * 10_000n, guess: heads ? 'heads' : 'tails' }),
        );
        await Promise.allSettled(placed);
        store.putsLeft = 0;
      }
      assert.deepEqual(watcher.violations, []);
      doubled += watcher.signedTwice;
    } finally {
      await table.stop();
    }
  });
  await fc.assert(property, { numRuns: 40, seed: 27 });
  assert.ok(doubled > 0, 'no number was ever signed anew: the property was not tried');
});

async function copied({ store, client }: Awaited<ReturnType<typeof setTable>>): Promise<[string, string][]> {
  const record = recordKey(client);
  const names = ['record', 'session'].map((name) => record.replace(/record$/, name));
  return Promise.all(names.map(async (name): Promise<[string, string]> => [name, (await store.get(name)) as string]));
}
