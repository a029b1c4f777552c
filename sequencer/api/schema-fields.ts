import { Type } from 'typebox';
import { CURSOR_PATTERN } from './cursor.ts';

/** Parts that many schemas share. */
export const hex = (bytes: number, description: string) =>
  Type.String({
    pattern: `^[0-9a-f]{${2 * bytes}}$`,
    description: `${description}; ${bytes} bytes, lower-case hex`,
    examples: ['0a'.repeat(bytes)],
  });

export const ADDRESS = Type.String({
  pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$',
  description: 'A Solana address, base58',
  examples: ['4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM'],
});
export const AMOUNT = Type.String({
  pattern: '^(0|[1-9][0-9]{0,19})$',
  description: 'Base units (lamports), a decimal string',
  examples: ['1000000'],
});
export const COUNTER = Type.String({
  pattern: '^(0|[1-9][0-9]{0,19})$',
  description: 'A 64-bit number, a decimal string',
  examples: ['1'],
});
export const SIDE = Type.Union([Type.Literal('heads'), Type.Literal('tails')], { description: 'Side of the coin' });
export const SIGNED = Type.Object(
  {
    message: Type.String({ description: 'The exact bytes that are signed, hex; layouts.md section 3' }),
    signature: hex(64, "Ed25519 signature by the house's receipt key"),
  },
  { description: 'A message of the house' },
);
export const TIME = Type.Integer({ description: 'Milliseconds since the Unix epoch', examples: [1_790_000_000_000] });
export const STATES = ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'] as const;

/** Or null. */
export const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);

// Strings: the framework would read 1.5 or 1e1 as a number too.
export const MILLISECONDS = Type.String({ pattern: '^(0|[1-9][0-9]{0,15})$', examples: ['1790000000000'] });
export const PAGE_LIMIT = Type.String({
  pattern: '^([1-9][0-9]?|100)$',
  description: 'At most so many, up to 100; 20 if left out',
  examples: ['20'],
});
export const CURSOR = Type.String({
  pattern: CURSOR_PATTERN,
  description: 'Where to go on: `next` of the page before, asked for with the same filters',
});
export const NEXT = orNull(Type.String({ description: 'The `cursor` of the next page; null at the end of the list' }));
