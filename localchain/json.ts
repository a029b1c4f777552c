/** What a lossless parse yields: integers outside the safe range of `number` are `bigint`. */
export type Json = null | boolean | number | bigint | string | Json[] | { [key: string]: Json };

type RawJson = { rawJSON(text: string): unknown };
const rawJson = (JSON as unknown as RawJson).rawJSON;

const INTEGER = /^-?\d+$/;

/**
 * Parses JSON without rounding integers: u64 values above 2^53 arrive as `bigint`, others as `number`.
 * Throws `SyntaxError` on malformed text.
 */
export function parseJson(text: string): Json {
  const revive = (_key: string, value: unknown, context?: { source?: string }): unknown => {
    if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
    const source = context?.source;
    return source !== undefined && INTEGER.test(source) ? BigInt(source) : value;
  };
  return JSON.parse(text, revive as (key: string, value: unknown) => unknown) as Json;
}

/** Serializes to JSON; a `bigint` becomes a plain JSON integer, digit for digit. */
export function stringifyJson(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? rawJson(item.toString()) : item));
}
