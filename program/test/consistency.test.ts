import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { poseidon } from '../../protocol/kernel.ts';
import * as client from '../client/index.ts';
import idl from '../idl.json' with { type: 'json' };

/** What these would catch: Rust, IDL and client telling different stories about one byte. */
const source = (file: string): string => readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8');
const upper = (name: string): string => name.replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, '_').toUpperCase();
const camel = (name: string): string => name.replaceAll(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

describe('errors', () => {
  const rust = [...source('error.rs').matchAll(/^ {4}(\d{4}) (\w+)\s+"([^"]*)",$/gm)].map(([, code, name, message]) => ({
    code: Number(code),
    name: upper(name ?? ''),
    message,
  }));

  test('are the same in Rust, IDL and client', () => {
    assert.deepEqual(idl.errors, rust);
    const typescript = Object.entries(client.PROGRAM_ERRORS).map(([name, { code, message }]) => ({ code, name, message }));
    assert.deepEqual(typescript, rust);
  });

  test('ascend from 6000, none twice, and are named by the grammar', () => {
    const codes = rust.map(({ code }) => code);
    assert.equal(codes[0], 6000);
    assert.deepEqual(
      codes,
      [...new Set(codes)].sort((a, b) => a - b),
    );
    const kinds = [...(/The kind is one of ([^.]*)\./s.exec(source('error.rs'))?.[1] ?? '').matchAll(/[A-Z]\w+/g)].map(([kind]) =>
      kind.toUpperCase(),
    );
    for (const { name } of rust) assert.ok(kinds.includes(name.split('_')[0] ?? ''), name);
    assert.equal(new Set(rust.map(({ name }) => name)).size, rust.length);
  });

  test('are each returned somewhere', () => {
    const all = readdirSync(new URL('../src', import.meta.url), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.rs'))
      .map(source)
      .join('\n');
    const unused = [...source('error.rs').matchAll(/^ {4}\d{4} (\w+) /gm)].filter(
      ([, name]) => !all.includes(`CasinoError::${name}`),
    );
    assert.deepEqual(
      unused.map(([, name]) => name),
      [],
    );
  });
});

test('constants are the same in Rust, IDL and client', () => {
  const rust = Object.fromEntries(
    ['constants.rs', 'transfers.rs']
      .flatMap((file) => [...source(file).matchAll(/^pub const (\w+): u\d+ = ([^;]+);/gm)])
      .map(([, name, value]) => [name, value]),
  );
  const number = (value: string | undefined): bigint => {
    const shift = /^1 << (\d+)$/.exec(value ?? '');
    return shift ? 1n << BigInt(shift[1] ?? 0) : BigInt((value ?? '').replaceAll('_', ''));
  };
  const exported = client as unknown as Record<string, bigint | number>;
  for (const [name, value] of Object.entries(idl.constants)) {
    assert.equal(number(rust[upper(name)]), BigInt(value), name);
    const typescript = exported[name === 'version' ? 'ACCOUNT_VERSION' : upper(name)];
    assert.equal(BigInt(typescript ?? -1), BigInt(value), name);
  }
});

test('the programs that are called have the same addresses in Rust and client', () => {
  const rust = [...source('token.rs').matchAll(/pub const (\w+): Address =\s+Address::from_str_const\("(\w+)"\);/g)];
  assert.deepEqual(Object.fromEntries(rust.map(([, name, address]) => [name, address])), {
    TOKEN_PROGRAM: client.TOKEN_PROGRAM,
    ASSOCIATED_TOKEN_PROGRAM: client.ASSOCIATED_TOKEN_PROGRAM,
  });
});

test('instructions have the same numbers in Rust, IDL and client', () => {
  const rust = Object.fromEntries(
    [...source('instructions/mod.rs').matchAll(/^pub const (\w+): u8 = (\d+);/gm)].map(([, name, number]) => [
      name,
      Number(number),
    ]),
  );
  const described = Object.fromEntries(idl.instructions.map(({ name, discriminant }) => [upper(name), discriminant]));
  assert.deepEqual(described, rust);
  const built = Object.fromEntries(Object.entries(client.INSTRUCTION_NUMBERS).map(([name, number]) => [upper(name), number]));
  assert.deepEqual(built, rust);
});

test('account layouts have the same offsets and sizes in Rust and IDL', () => {
  const files = { house: 'house', terms: 'terms', verifyingKey: 'verifying_key', vault: 'vault' } as const;
  for (const account of idl.accounts) {
    const text = source(`state/${files[account.name as keyof typeof files]}.rs`);
    const [, size, body] = /assert_layout!\(\w+, (\d+), \{([^}]*)\}/.exec(text) ?? [];
    assert.equal(Number(size), account.size);
    const rust = [...(body ?? '').matchAll(/(\d+): (\w+),/g)].map(([, offset, name]) => [Number(offset), camel(name ?? '')]);
    const fields = account.fields
      .filter(({ name }) => name !== 'version' && name !== 'bump' && name !== 'keySlot1')
      .map(({ name, offset }) => [
        offset,
        name === 'keySlot0' ? 'keys' : name.startsWith('unused') && account.name === 'house' ? 'unused' : name,
      ]);
    assert.deepEqual(rust, fields, account.name);
    assert.ok(
      text.includes(`*b"${account.discriminator.padEnd(8, '0').replaceAll(/0+$/g, (zeros) => '\\0'.repeat(zeros.length))}"`),
    );
  }
  const sizes = [client.HOUSE_BYTES, client.TERMS_BYTES, client.VERIFYING_KEY_BYTES, client.VAULT_BYTES];
  assert.deepEqual(
    idl.accounts.map(({ size }) => size),
    sizes,
  );
});

test('events have the same tags in Rust and IDL', () => {
  const rust = Object.fromEntries(
    [...source('event.rs').matchAll(/^pub const (\w+): &\[u8; 8\] = b"([a-z]+)(?:\\0)+";/gm)].map(([, name, tag]) => [name, tag]),
  );
  assert.deepEqual(Object.fromEntries(idl.events.map(({ name, tag }) => [upper(name), tag])), rust);
});

test("the public input's first state is P1(1)", () => {
  const bytes = [
    ...(/INITIAL_STATE: Fr = \[([^\]]*)\]/s.exec(source('public_input.rs'))?.[1] ?? '').matchAll(/0x([0-9a-f]{2})/g),
  ];
  assert.equal(BigInt(`0x${bytes.map(([, byte]) => byte).join('')}`), poseidon([1n]));
});
