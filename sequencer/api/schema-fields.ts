import { Type } from 'typebox';

/** Parts that many schemas share. */
export const hex = (bytes: number, description: string) =>
  Type.String({ pattern: `^[0-9a-f]{${2 * bytes}}$`, description: `${description}; ${bytes} bytes, lower-case hex` });

export const ADDRESS = Type.String({ pattern: '^[1-9A-HJ-NP-Za-km-z]{32,44}$', description: 'A Solana address, base58' });
export const AMOUNT = Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', description: 'Base units (lamports), a decimal string' });
export const COUNTER = Type.String({ pattern: '^(0|[1-9][0-9]{0,19})$', description: 'A 64-bit number, a decimal string' });
export const SIDE = Type.Union([Type.Literal('heads'), Type.Literal('tails')], { description: 'Side of the coin' });
export const SIGNED = Type.Object(
  {
    message: Type.String({ description: 'The exact bytes that are signed, hex; layouts.md section 3' }),
    signature: hex(64, "Ed25519 signature by the house's receipt key"),
  },
  { description: 'A message of the house' },
);
export const TIME = Type.Integer({ description: 'Milliseconds since the Unix epoch' });
export const STATES = ['Pending', 'Proving', 'Proved', 'Submitted', 'Confirmed', 'Finalized'] as const;

/** Or null. */
export const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T) => Type.Union([type, Type.Null()]);
