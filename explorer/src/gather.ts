/** Requests that one page of a list may take: the service looks through a bounded number of rows for each. */
const MAX_REQUESTS = 8;

export interface Gathered<T> {
  rows: T[];
  /** Where the list goes on; null at its end. */
  next: string | null;
}

/** A page of a filtered list: as many requests as it takes to fill it, up to a limit. It may hold fewer rows with more to come. */
export async function gather<T>(input: {
  cursor: string | undefined;
  limit: number;
  read(page: { cursor: string | undefined; limit: number }): Promise<Gathered<T>>;
}): Promise<Gathered<T>> {
  const { limit, read } = input;
  const rows: T[] = [];
  let cursor = input.cursor;
  for (let request = 1; ; request += 1) {
    const page = await read({ cursor, limit: limit - rows.length });
    rows.push(...page.rows);
    if (page.next === null || rows.length >= limit || request === MAX_REQUESTS) return { rows, next: page.next };
    cursor = page.next;
  }
}
