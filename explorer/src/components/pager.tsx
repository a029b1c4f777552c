import { hrefOf, type Query } from '../query.ts';

interface PagerProps {
  path: string;
  /** What is filtered for, the cursor among it if this is not the first page. */
  query: Query;
  next: string | null;
}

/** The way to older rows and back to the newest; the browser's own way back leads to the page before. */
export function Pager({ path, query, next }: PagerProps) {
  const { cursor, ...filters } = query;
  if (cursor === undefined && next === null) return null;
  return (
    <nav class="pager" aria-label="Pages of the list">
      {cursor !== undefined && (
        <a class="button" href={hrefOf(path, filters)}>
          Newest
        </a>
      )}
      {next !== null && (
        <a class="button" href={hrefOf(path, { ...filters, cursor: next })} rel="next">
          Older
        </a>
      )}
    </nav>
  );
}
