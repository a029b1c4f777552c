import type { ComponentChildren } from 'preact';

/** A table that scrolls by itself where it is wider than the page, also by keyboard. */
export function TableBox({ caption, busy = false, children }: { caption: string; busy?: boolean; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by keyboard
    <section class="table-box" aria-label={caption} tabIndex={0}>
      <table aria-busy={busy}>
        <caption class="visually-hidden">{caption}</caption>
        {children}
      </table>
    </section>
  );
}
