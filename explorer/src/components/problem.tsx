import type { ComponentChildren } from 'preact';
import { ApiError } from '../api.ts';
import { Icon } from './icons.tsx';

/** What stands in the place of what could not be read. */
export function Problem({ title, error, onRetry }: { title: string; error: unknown; onRetry?: () => void }) {
  const code = error instanceof ApiError ? error.code : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <h2>{title}</h2>
        <p>
          {message}
          {code && <span class="problem-code"> {code}</span>}
        </p>
        {onRetry && (
          <button class="button" type="button" onClick={onRetry}>
            Try again
          </button>
        )}
      </div>
    </div>
  );
}

/** What stands in the place of a list that has nothing in it. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children && <p>{children}</p>}
    </div>
  );
}
