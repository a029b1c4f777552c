import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { ApiClient } from '../../client/api.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { ApiFixture } from '../test/api-fixture.ts';

/*
 * Catches an answer that fits the schema and that the SDK can not read: answers are made from the schemas of the service's own OpenAPI document, every
 * alternative of them, and given to the SDK's client.
 */
useKernel(NATIVE_KERNEL);

interface Schema {
  type?: string;
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  pattern?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
}

const MAX_U64 = (1n << 64n) - 1n;
const MAX_LIST = 5;
/** The pattern of amounts and counters, of which a regular expression can not say that they fit 64 bits. */
const DECIMAL = /^\^\(0\|\[1-9\]/;

/** Any value that a schema allows; of objects all fields that it names. */
function anyOfSchema(schema: Schema): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.anyOf) return fc.oneof(...schema.anyOf.map(anyOfSchema));
  switch (schema.type) {
    case 'object':
      return fc.record(
        Object.fromEntries(Object.entries(schema.properties ?? {}).map(([name, field]) => [name, anyOfSchema(field)])),
      );
    case 'array':
      return fc.array(anyOfSchema(schema.items ?? {}), { maxLength: MAX_LIST });
    case 'string':
      if (schema.pattern === undefined) return fc.stringMatching(/^[0-9a-f]{2,80}$/).filter((text) => text.length % 2 === 0);
      if (DECIMAL.test(schema.pattern)) return fc.bigInt({ min: 0n, max: MAX_U64 }).map(String);
      return fc.stringMatching(new RegExp(schema.pattern));
    case 'integer':
      return fc.nat();
    case 'number':
      return fc.double({ noNaN: true });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return assert.fail(`a schema of another kind: ${JSON.stringify(schema)}`);
  }
}

describe('what the SDK reads', () => {
  let fixture: ApiFixture;
  let schemas: Record<string, Record<string, { responses: Record<string, { content: Record<string, { schema: Schema }> }> }>>;
  before(async () => {
    fixture = await new ApiFixture().open();
    schemas = (await fixture.api.inject({ url: '/openapi.json' })).json().paths;
  });
  after(() => fixture.close());

  /** A client that is answered so, whatever it asks. */
  const clientOf = (answer: unknown) =>
    new ApiClient({
      apiUrl: 'http://service',
      transport: async () => ({ status: 200, text: JSON.stringify(answer), retryAfter: null }),
      clock: { nowMs: () => 0, sleep: async () => {} },
      retry: { attempts: 1, firstDelayMs: 1, maxDelayMs: 1 },
      timeoutMs: 1,
    } as unknown as ConstructorParameters<typeof ApiClient>[0]);

  const reads: Record<string, (client: ApiClient) => Promise<unknown>> = {
    'post /v1/bet': (client) => client.postBet('{}'),
    'get /v1/bets/{id}': (client) => client.bet('00'),
    'get /v1/vaults/{user}': (client) => client.vault('user'),
    'get /v1/balance/{user}': (client) => client.balance('user'),
    'get /v1/seed-commitments/{user}/{range}': (client) => client.seedCommitment('user', 0n),
    'get /v1/batches': (client) => client.batches(),
    'get /v1/batches/{number}': (client) => client.batch(1n),
    'get /v1/house': (client) => client.house(),
    'get /health': (client) => client.health(),
  };

  for (const [name, read] of Object.entries(reads)) {
    test(`takes every answer that the schema of ${name} allows`, async () => {
      const [method, path] = name.split(' ') as [string, string];
      const schema = schemas[path]?.[method]?.responses[200]?.content['application/json']?.schema ?? assert.fail(name);
      await fc.assert(
        fc.asyncProperty(anyOfSchema(schema), async (answer) => {
          assert.ok(await read(clientOf(answer)));
        }),
        { numRuns: 60 },
      );
    });
  }
});
