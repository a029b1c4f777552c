import { usePage } from '../hooks/use-page.ts';

export function NotFound() {
  usePage('Not found');
  return (
    <>
      <h1>There is no such page</h1>
      <p>
        The address leads nowhere. <a href="/">Live bets</a>, <a href="/bets">all bets</a> and <a href="/batches">all batches</a>{' '}
        do.
      </p>
    </>
  );
}
