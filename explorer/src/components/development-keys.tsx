import type { House } from '../api-types.ts';
import { Icon } from './icons.tsx';

/** Said of a house that takes proofs under a key whose secret is public; nothing of one that does not. */
export function DevelopmentKeys({ house }: { house: House | undefined }) {
  if (!house?.development_keys) return null;
  return (
    <div class="warning" role="note">
      <Icon name="warning" />
      <p>
        <strong>Development keys.</strong> This house takes proofs under a key whose secret is public, so they protect nobody from
        its operator. Put no real money in.
      </p>
    </div>
  );
}
