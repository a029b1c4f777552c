import type { ComponentChildren } from 'preact';

/** A table that scrolls by itself where it is wider than the page, also by keyboard. */
export function TableBox({ caption, busy = false, children }: { caption: string; busy?: boolean; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups what is filled in
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <div class="table-box" role="group" aria-label={caption} tabIndex={0}>
      <table aria-busy={busy}>
        <caption class="visually-hidden">{caption}</caption>
        {children}
      </table>
    </div>
  );
}
