import { usePage } from '../../hooks/use-page.ts';

export function Bets() {
  usePage('Bets');
  return <h1>Bets</h1>;
}
