import { usePage } from '../../hooks/use-page.ts';

export function Bet() {
  usePage('Bet');
  return <h1>Bet</h1>;
}
