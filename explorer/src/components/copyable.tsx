import { useEffect, useState } from 'preact/hooks';
import { shortened } from '../format.ts';
import { Icon } from './icons.tsx';

const SAID_MS = 1_500;

interface CopyableProps {
  text: string;
  /** What it is, for the button's name: `bet id`. */
  what: string;
  /** Where it leads, if it leads anywhere. */
  href?: string | undefined;
  /** Shown whole, on lines as needed. */
  whole?: boolean;
  head?: number;
}

/** An id or a key in a few characters, the whole of it on hover and by the button beside it. */
export function Copyable({ text, what, href, whole = false, head }: CopyableProps) {
  const shown = whole ? text : shortened(text, head === undefined ? {} : { head });
  const label = (
    <span class="mono" title={whole ? undefined : text}>
      {shown}
    </span>
  );
  return (
    <span class={whole ? 'copyable copyable-whole' : 'copyable'}>
      {href ? <a href={href}>{label}</a> : label}
      <CopyButton text={text} what={what} />
    </span>
  );
}

function CopyButton({ text, what }: { text: string; what: string }) {
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    if (!copied) return;
    const timer = setTimeout(() => setCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    await navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <button class="copy-button" type="button" aria-label={copied ? `${what} copied` : `Copy ${what}`} onClick={() => void copy()}>
      <Icon name={copied ? 'check' : 'copy'} />
    </button>
  );
}
