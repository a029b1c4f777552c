import { usePage } from '../../hooks/use-page.ts';

export function Live() {
  usePage('Live');
  return <h1>Live</h1>;
}
