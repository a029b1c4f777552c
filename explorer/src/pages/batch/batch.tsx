import { usePage } from '../../hooks/use-page.ts';

export function Batch() {
  usePage('Batch');
  return <h1>Batch</h1>;
}
