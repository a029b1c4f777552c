import { usePage } from '../../hooks/use-page.ts';

export function Charts() {
  usePage('Charts');
  return <h1>Charts</h1>;
}
