import { usePage } from '../../hooks/use-page.ts';

export function Play() {
  usePage('Play');
  return <h1>Play</h1>;
}
