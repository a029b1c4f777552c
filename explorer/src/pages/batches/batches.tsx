import { usePage } from '../../hooks/use-page.ts';

export function Batches() {
  usePage('Batches');
  return <h1>Batches</h1>;
}
