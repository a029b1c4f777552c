import { ProtocolError } from './errors.ts';

/** Bitcoin's alphabet, which Solana's addresses and signatures are written in. */
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The bytes of a base58 text of exactly `length` bytes; `BAD_VALUE` or `BAD_LENGTH` otherwise. Each value has one text. */
export function fromBase58(text: string, length: number): Uint8Array {
  // Every byte takes at most 1.37 digits, so that no long text costs time.
  if (text.length > Math.ceil(1.37 * length)) throw new ProtocolError('BAD_LENGTH', `expected ${length} bytes in base58`);
  let value = 0n;
  for (const digit of text) {
    const index = ALPHABET.indexOf(digit);
    if (index < 0) throw new ProtocolError('BAD_VALUE', 'expected base58 digits');
    value = 58n * value + BigInt(index);
  }
  const bytes: number[] = [];
  for (let rest = value; rest > 0n; rest >>= 8n) bytes.unshift(Number(rest & 0xffn));
  // A leading 1 stands for one zero byte.
  for (let index = 0; text[index] === ALPHABET[0]; index += 1) bytes.unshift(0);
  if (bytes.length !== length) throw new ProtocolError('BAD_LENGTH', `expected ${length} bytes in base58, got ${bytes.length}`);
  return Uint8Array.from(bytes);
}
