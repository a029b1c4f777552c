import { type TSchema, Type } from 'typebox';

/** What a setting's value may be: as a file has it, as one word of a flag or the environment has it, and as the service has it. */
export interface Kind<Value> {
  /** What a file may hold; numbers that are too large for a double come as bigint. */
  schema: TSchema;
  /** In words, for messages and the docs: what is allowed. */
  allowed: string;
  /** A flag or an environment variable as a file would have it; what is no such value stays text, and is refused by the schema. */
  fromText(text: string): unknown;
  /** From a value that the schema takes. Undefined if it is out of range after all. */
  toValue(found: unknown): Value | undefined;
  /** As the docs and `config show` write it: TOML. */
  toToml(value: Value): string;
  /** Whether a flag may be given several times. */
  repeatable?: true;
}

const WHOLE = /^-?(0|[1-9][0-9]{0,15})$/;
const quoted = (text: string): string => JSON.stringify(text);

/** A whole number in a range. */
export function whole(minimum: number, maximum: number): Kind<number> {
  return {
    schema: Type.Integer({ minimum, maximum }),
    allowed: `a whole number from ${minimum} to ${maximum}`,
    fromText: (text) => (WHOLE.test(text) ? Number(text) : text),
    toValue: (found) => found as number,
    toToml: String,
  };
}

/** A u64 or less, written as a whole number or, because TOML ends at 2^63 - 1 and other tools earlier, as a decimal string. */
export function amount(minimum: bigint, maximum: bigint): Kind<bigint> {
  return {
    schema: Type.Union([Type.Integer(), Type.BigInt(), Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$' })]),
    allowed: `a whole number from ${minimum} to ${maximum}, or the same in quotes`,
    fromText: (text) => text,
    toValue: (found) => {
      const value = BigInt(found as string | number | bigint);
      return value < minimum || value > maximum ? undefined : value;
    },
    toToml: String,
  };
}

export const SWITCH: Kind<boolean> = {
  schema: Type.Boolean(),
  allowed: 'true or false (on or off as a flag or in the environment)',
  fromText: (text) => ({ on: true, true: true, off: false, false: false })[text] ?? text,
  toValue: (found) => found as boolean,
  toToml: String,
};

/** Text of a pattern. */
export function text<Value extends string>(pattern: string, allowed: string): Kind<Value> {
  return {
    schema: Type.String({ pattern, maxLength: 2_000 }),
    allowed,
    fromText: (given) => given,
    toValue: (found) => found as Value,
    toToml: quoted,
  };
}

/** Text that another check takes as well. */
export function checkedText<Value extends string>(check: (found: string) => boolean, allowed: string): Kind<Value> {
  const kind = text<Value>('^.+$', allowed);
  return { ...kind, toValue: (found) => (check(found as string) ? (found as Value) : undefined) };
}

/** A file or directory, relative to where it is named: a file's folder, or the current directory. */
export const PATH: Kind<string> = {
  ...text<string>('^[^\\0]+$', 'a path; one in a file is relative to that file'),
  toToml: quoted,
};

/** Some of these names, each once. Text has commas between. */
export function someOf<Name extends string>(names: readonly Name[]): Kind<readonly Name[]> {
  const one = Type.Union(names.map((name) => Type.Literal(name)));
  return {
    schema: Type.Array(one, { minItems: 1, uniqueItems: true }),
    allowed: `some of ${names.join(',')}, each once`,
    fromText: (given) => given.split(','),
    toValue: (found) => found as Name[],
    toToml: (values) => `[${values.map(quoted).join(', ')}]`,
  };
}

/** A list of texts, whose flag may be repeated; each of them one that the check takes, if there is one. */
export function texts(allowed: string, check: (found: string) => boolean = () => true): Kind<readonly string[]> {
  return {
    schema: Type.Array(Type.String({ minLength: 1, maxLength: 2_000 }), { minItems: 1, maxItems: 16 }),
    allowed,
    fromText: (given) => given.split(','),
    toValue: (found) => ((found as string[]).every(check) ? (found as string[]) : undefined),
    toToml: (values) => `[${values.map(quoted).join(', ')}]`,
    repeatable: true,
  };
}
