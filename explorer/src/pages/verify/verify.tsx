import { usePage } from '../../hooks/use-page.ts';

export function Verify() {
  usePage('Verify');
  return <h1>Verify</h1>;
}
