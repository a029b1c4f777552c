import { useRef } from 'preact/hooks';
import type { Side } from '../../api-types.ts';

const TURNS = 2;

interface CoinProps {
  /** What it shows; undefined before the first flip. */
  side: Side | undefined;
  /** Another value is another flip, of the same side too. */
  flip: string;
}

/** The coin, which turns to each new outcome; whoever wants less motion sees it change sides at once. */
export function Coin({ side, flip }: CoinProps) {
  const shown = useRef({ flip, degrees: 0 });
  if (flip !== shown.current.flip && side !== undefined) {
    const whole = Math.ceil(shown.current.degrees / 360) + TURNS;
    shown.current = { flip, degrees: 360 * whole + (side === 'tails' ? 180 : 0) };
  }
  return (
    <div class="coin" aria-hidden="true">
      <div class="coin-body" style={{ transform: `rotateX(${shown.current.degrees}deg)` }}>
        <div class="coin-face coin-heads">H</div>
        <div class="coin-face coin-tails">T</div>
      </div>
    </div>
  );
}
