import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/schema';
import { blobCid } from '../../protocol/blob.ts';
import { useKernel } from '../../protocol/kernel.ts';
import { ERROR_CODES, type ErrorCode } from '../errors.ts';
import { NATIVE_KERNEL } from '../prover/native-kernel.ts';
import { TestBettor } from '../test/admission-fixture.ts';
import { ApiFixture, bodyOf } from '../test/api-fixture.ts';
import type { ApiServer } from './server.ts';

/*
 * Catches an answer that is not the documented one, whatever is asked: requests are made from the API's own OpenAPI document, valid,
 * nearly valid and hostile, and sent to the real routes over a real admission and ledger.
 */
useKernel(NATIVE_KERNEL);

const RUNS = Number(process.env.FUZZ_RUNS ?? 400);
const MAX_HEAP_GROWTH_BYTES = 32 * 1_048_576;
/** What the service may answer with 500 or more: what has to wait. */
const WAITING: ErrorCode[] = ['BUSY', 'NOT_LEADING'];

const Parameter = Type.Object({
  name: Type.String(),
  in: Type.Union([Type.Literal('path'), Type.Literal('query')]),
  schema: Type.Any(),
  example: Type.Optional(Type.String()),
});
const Content = Type.Object({ 'application/json': Type.Object({ schema: Type.Any() }) });
/** Blobs alone are answered in another media type, and are then bytes. */
const BYTES = 'application/vnd.ipld.raw';
type Operation = {
  operationId?: string;
  summary?: string;
  tags?: string[];
  parameters?: Static<typeof Parameter>[];
  requestBody?: { content: Static<typeof Content> };
  responses: Record<string, { description: string; content?: Static<typeof Content> }>;
};
type Method = 'get' | 'post';
type Response = Awaited<ReturnType<ApiServer['inject']>>;
interface Route {
  path: string;
  method: Method;
  operation: Operation;
}

/** JSON that is no field's: wrong types, numbers without bounds, text in every script, keys that reach for prototypes. */
const hostileJson = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom<unknown>(
    1e308,
    -1,
    0.5,
    2 ** 53,
    '',
    '0',
    '-1',
    '00',
    '1e3',
    '\u0000',
    '18446744073709551616',
    'ﬀ',
    '１',
    [],
    {},
    null,
  ),
  fc.constantFrom('9'.repeat(200), 'f'.repeat(64), 'F'.repeat(64), 'x'.repeat(3_000), '../../etc/passwd', '%00', '\ud800'),
  fc.string({ unit: 'binary' }),
);
const hostileText = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), hostileJson.map(String));
const keys = fc.oneof(fc.constantFrom('__proto__', 'constructor', 'prototype', 'toString', 'USER', 'sig '), fc.string());

function fitting(schema: {
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  type?: string;
}): fc.Arbitrary<string> {
  if (schema.enum) return fc.constantFrom(...schema.enum);
  if (schema.pattern) return fc.stringMatching(new RegExp(schema.pattern));
  return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 }).map(String);
}

/** A body as text: a signed bet with some fields replaced, dropped, added or doubled, or no bet at all. */
const bodies = (valid: () => Record<string, unknown>, fields: Record<string, Parameters<typeof fitting>[0]>) => {
  const names = Object.keys(fields);
  const change = fc.oneof(
    fc.record({ how: fc.constant('replace'), key: fc.constantFrom(...names), value: hostileJson }),
    fc
      .constantFrom(...names)
      .chain((key) => fc.record({ how: fc.constant('replace'), key: fc.constant(key), value: fitting(fields[key] ?? {}) })),
    fc.record({ how: fc.constantFrom('drop', 'double'), key: fc.constantFrom(...names), value: hostileJson }),
    fc.record({ how: fc.constant('replace'), key: keys, value: hostileJson }),
  );
  const changed = fc.array(change, { maxLength: 3 }).map((changes) => () => {
    let pairs = Object.entries(valid());
    for (const { how, key, value } of changes) {
      if (how !== 'double') pairs = pairs.filter(([name]) => name !== key);
      if (how !== 'drop') pairs.push([key, value]);
    }
    return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value) ?? 'null'}`).join(',')}}`;
  });
  const text = fc.oneof(
    hostileJson.map((value) => JSON.stringify(value) ?? ''),
    fc.string({ unit: 'binary' }),
    fc.integer({ min: 1, max: 5_000 }).map((depth) => '['.repeat(depth)),
    fc.integer({ min: 1, max: 600 }).map((depth) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`),
  );
  return fc.oneof({ arbitrary: changed, weight: 4 }, { arbitrary: text.map((value) => () => value), weight: 1 });
};

describe('the API by its own description', () => {
  let fixture: ApiFixture;
  let routes: Route[];
  let storedBlob: Uint8Array;
  const validators = new Map<object, ReturnType<typeof Compile>>();

  before(async () => {
    fixture = await new ApiFixture().open();
    storedBlob = fixture.blobs.put(Uint8Array.of(1, 2, 3));
    const document = (await fixture.api.inject({ url: '/openapi.json' })).json();
    routes = Object.entries<Record<Method, Operation>>(document.paths).flatMap(([path, operations]) =>
      Object.entries(operations).map(([method, operation]) => ({ path, method: method as Method, operation })),
    );
  });
  after(() => fixture.close());

  test('says of every route that answers with a bet that its archive may not be there', () => {
    const codesOf = ({ responses }: Operation) =>
      Object.values(responses)
        .map(({ description }) => description)
        .join();
    for (const path of ['/v1/bet', '/v1/bets/{id}', '/v1/bets/{id}/receipt']) {
      const { operation } = routes.find((one) => one.path === path) ?? assert.fail(path);
      assert.match(codesOf(operation), /ARCHIVE_MISSING/, path);
      assert.match(codesOf(operation), /ARCHIVE_CORRUPT/, path);
    }
  });

  /** All that a request without an answer in the affirmative must leave as it is. */
  const state = () => {
    const { read } = fixture.admission.ledger;
    return JSON.stringify([read.vaults(), read.waitingBets(), read.batches({ before: 99n, limit: 9 })], (_, value) =>
      typeof value === 'bigint' ? value.toString() : value,
    );
  };

  function validatorOf(response: Operation['responses'][string]): ReturnType<typeof Compile> {
    const validator = validators.get(response) ?? Compile(response.content?.['application/json'].schema);
    validators.set(response, validator);
    return validator;
  }

  function assertAnswered({ path, operation }: Route, asked: InjectOptions, answer: Response): void {
    const binary = answer.statusCode === 200 && operation.responses[200]?.content?.[BYTES as 'application/json'];
    if (binary) return assert.equal(answer.headers['content-type'], BYTES);
    const said = `${asked.method} ${asked.url} ${String(asked.payload).slice(0, 300)} -> ${answer.statusCode} ${answer.body.slice(0, 300)}`;
    const { error } = answer.json();
    const documented = operation.responses[answer.statusCode];
    // What never reached its route has the codes of any: no such path, a path that is no path.
    if (!documented) assert.ok(path.includes('{') && answer.statusCode === 404 && error.code === 'NOT_FOUND', said);
    else assert.ok(validatorOf(documented).Check(answer.json()), said);
    if (answer.statusCode < 300) return;
    assert.equal(ERROR_CODES[error.code as ErrorCode]?.status, answer.statusCode, said);
    assert.ok(answer.statusCode < 500 || (WAITING.includes(error.code) && answer.headers['retry-after']), said);
  }

  /** A request of a route: each parameter fitting, known or hostile. */
  const requestOf = (route: Route): fc.Arbitrary<() => InjectOptions> => {
    const { parameters = [], requestBody } = route.operation;
    const known = fc.constantFrom(
      fixture.alice.owner as string,
      new TestBettor(7).owner as string,
      blobCid(storedBlob),
      '0',
      '1',
      '18446744073709551615',
    );
    const values = parameters.map(({ schema, in: place }) => {
      const usual = fc.oneof(known, fitting(schema), hostileText);
      return place === 'path' ? usual : fc.option(usual, { nil: undefined });
    });
    const url = fc
      .tuple(fc.tuple(...values), fc.option(fc.tuple(keys, hostileText), { freq: 8, nil: undefined }))
      .map(([chosen, extra]) => {
        const query = new URLSearchParams(extra ? [extra] : []);
        let path = route.path;
        for (const [index, { name, in: place }] of parameters.entries()) {
          const value = chosen[index];
          if (place === 'path') path = path.replace(`{${name}}`, encodeURIComponent(String(value).toWellFormed()));
          else if (value !== undefined) query.append(name, value);
        }
        return `${path}${query.size > 0 ? `?${query}` : ''}`;
      });
    if (!requestBody) return url.map((asked) => () => ({ method: 'GET', url: asked }));
    const valid = () => bodyOf(fixture.alice.sign());
    const types = fc.oneof(
      { arbitrary: fc.constant('application/json'), weight: 9 },
      { arbitrary: fc.constantFrom('text/plain', 'application/xml', 'a/b; c'), weight: 1 },
    );
    const body = bodies(valid, requestBody.content['application/json'].schema.properties);
    return fc.tuple(url, body, types).map(([asked, payload, type]) => () => ({
      method: 'POST',
      url: asked,
      payload: payload(),
      headers: { 'content-type': type },
    }));
  };

  test('every route of the reference is described, with its errors, and no other', () => {
    const reference = readFileSync(join(import.meta.dirname, '../../docs/reference/api.md'), 'utf8');
    const documented = [...reference.matchAll(/(GET|POST) (\/[\w/:-]+)/g)].map(([, method, path]) => `${method} ${path}`);
    const described = routes.map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ':$1')}`);
    assert.deepEqual(described.sort(), [...new Set(documented)].sort());
    for (const { path, operation } of routes.filter((route) => route.path.startsWith('/v1/'))) {
      for (const status of [200, 400, 429, 503]) assert.ok(operation.responses[status], `${path} ${status}`);
    }
  });

  test('every route has a name of its own, a place and a summary, and what it takes has examples that fit', () => {
    const names = routes.map(({ operation }) => operation.operationId);
    assert.equal(new Set(names).size, routes.length);
    for (const { path, operation } of routes) {
      assert.ok(operation.operationId && operation.summary && operation.tags?.length === 1, path);
      const fields = Object.entries<{ enum?: string[]; anyOf?: unknown[]; examples?: unknown[] }>(
        operation.requestBody?.content['application/json'].schema.properties ?? {},
      );
      for (const [name, schema] of fields) {
        assert.ok(schema.enum || schema.anyOf || Compile(schema).Check(schema.examples?.[0]), `${path} ${name}`);
      }
      for (const { name, schema, in: place, example } of operation.parameters ?? []) {
        assert.ok(place !== 'path' || Compile(schema).Check(example), `${path} ${name}`);
      }
    }
  });

  test('the list of errors is that of the reference, with what each means', async () => {
    const { errors } = (await fixture.api.inject({ url: '/v1/errors' })).json();
    const reference = readFileSync(join(import.meta.dirname, '../../docs/reference/errors.md'), 'utf8');
    const rows = [...reference.matchAll(/^\| `(\w+)` \| (\d+) \| (yes|no) \| (.*) \|$/gm)].filter(
      ([, , status]) => Number(status) >= 400,
    );
    const documented = new Map(rows.map(([, code, status, retry, meaning]) => [code, { status, retry, meaning }]));
    assert.equal(documented.size, rows.length, 'each once');
    assert.deepEqual([...documented.keys()].sort(), Object.keys(ERROR_CODES).sort());
    assert.deepEqual(errors.map(({ code }: { code: string }) => code).sort(), Object.keys(ERROR_CODES).sort());
    for (const { code, status, retry, meaning } of errors) {
      const row = documented.get(code);
      assert.deepEqual([row?.status, row?.retry], [String(status), retry ? 'yes' : 'no'], code);
      assert.ok(row?.meaning?.startsWith(meaning), `${code}: "${meaning}" begins what the reference says: "${row?.meaning}"`);
    }
  });

  test(`no request gets an answer that is not described, or changes what it should not (FUZZ_RUNS=${RUNS})`, async () => {
    const request = fc.constantFrom(...routes).chain((route) => requestOf(route).map((make) => ({ route, make })));
    const heapBefore = await heapBytes();
    const seen = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(request, async ({ route, make }) => {
        const asked = make();
        const stateBefore = state();
        const answer = await fixture.api.inject(asked);
        seen.set(answer.statusCode, (seen.get(answer.statusCode) ?? 0) + 1);
        assertAnswered(route, asked, answer);
        const taken = route.method === 'post' && answer.statusCode === 200;
        if (taken) acceptAnswer(answer);
        else assert.equal(state(), stateBefore, `${asked.url} ${asked.payload}`);
        assert.deepEqual(Object.keys(Object.prototype), []);
      }),
      { numRuns: RUNS, endOnFailure: true },
    );
    assert.ok((seen.get(200) ?? 0) > 0 && (seen.get(400) ?? 0) > 0, JSON.stringify([...seen]));
    const grown = (await heapBytes()) - heapBefore;
    assert.ok(grown < MAX_HEAP_GROWTH_BYTES, `memory stays bounded: ${grown} bytes more`);
  });

  /** Only Alice's own next bet can have been taken: with anything else in it, her signature does not fit. */
  function acceptAnswer(answer: Response): void {
    const { nonce, bet_id: betId } = answer.json();
    const request = fixture.alice.sign();
    assert.equal(nonce, request.betNumber.toString());
    fixture.alice.accept(request);
    assert.equal(betId, fixture.alice.head.toString(16).padStart(64, '0'));
  }
});

/** Bytes that are in use after a collection. What has been answered is let go of in the event loop's next rounds. */
async function heapBytes(): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, 50));
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}
