import { isIPv6 } from 'node:net';

/** Leading groups of an IPv6 address that one client has to itself: a /64 (RFC 6177). */
const NETWORK_GROUPS = 4;
const MAPPED_IPV4 = '::ffff:';

/** Who a connection counts for: an IPv4 address, or the network of an IPv6 address, in which one client has addresses without end. */
export function clientOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (address.startsWith(MAPPED_IPV4)) return address.slice(MAPPED_IPV4.length);
  const bare = address.split('%', 1)[0] as string;
  if (!isIPv6(bare)) return address;
  const [before = '', after] = bare.split('::');
  const groups = before === '' ? [] : before.split(':');
  if (after !== undefined) {
    const rest = after === '' ? [] : after.split(':');
    groups.push(...new Array(8 - groups.length - rest.length).fill('0'), ...rest);
  }
  return `${groups.slice(0, NETWORK_GROUPS).join(':')}::/64`;
}

/** How many of something each client has, up to a limit for one and a limit for all. */
export class ClientCounter {
  readonly #limits: { all: number; perClient: number };
  readonly #counts = new Map<string, number>();
  #all = 0;

  constructor(limits: { all: number; perClient: number }) {
    this.#limits = limits;
  }

  /** Counts one more, or says why not. */
  add(client: string): 'added' | 'too many' | 'too many of this client' {
    const count = this.#counts.get(client) ?? 0;
    if (count >= this.#limits.perClient) return 'too many of this client';
    if (this.#all >= this.#limits.all) return 'too many';
    this.#counts.set(client, count + 1);
    this.#all += 1;
    return 'added';
  }

  remove(client: string): void {
    const count = this.#counts.get(client) ?? 0;
    if (count > 1) this.#counts.set(client, count - 1);
    else this.#counts.delete(client);
    this.#all -= 1;
  }
}
