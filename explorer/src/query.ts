export type Query = Record<string, string | undefined>;

/** An address within the explorer, without what is empty. */
export function hrefOf(path: string, query: Query): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value) parameters.set(name, value);
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** The parameters of an address that are known here, without empty ones. */
export function known<Name extends string>(query: Query, names: readonly Name[]): Partial<Record<Name, string>> {
  return Object.fromEntries(names.flatMap((name) => (query[name] ? [[name, query[name]]] : []))) as Partial<Record<Name, string>>;
}
