import { usePage } from '../../hooks/use-page.ts';

export function House() {
  usePage('House');
  return <h1>House</h1>;
}
