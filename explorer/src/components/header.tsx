import { useEffect, useRef, useState } from 'preact/hooks';
import { useLocation } from 'preact-iso';
import { currentTheme, onTheme, switchTheme } from '../theme.ts';
import { Icon } from './icons.tsx';
import { SearchBox } from './search-box.tsx';

const PLACES = [
  { href: '/', label: 'Live' },
  { href: '/bets', label: 'Bets' },
  { href: '/batches', label: 'Batches' },
  { href: '/house', label: 'House' },
  { href: '/charts', label: 'Charts' },
  { href: '/verify', label: 'Verify' },
  { href: '/play', label: 'Play' },
];

export function Header() {
  const { path } = useLocation();
  const list = useRef<HTMLUListElement>(null);
  // Where the pages do not fit beside each other, the one that is shown is brought into sight.
  useEffect(() => {
    if (path) list.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [path]);
  const isHere = (href: string) => (href === '/' ? path === '/' : path === href || path.startsWith(`${href}/`));
  return (
    <header class="site-header">
      <div class="site-header-row">
        <a class="brand" href="/" aria-label="ZK Casino explorer, home">
          <svg class="brand-mark" viewBox="0 0 32 32" aria-hidden="true">
            <circle cx="16" cy="16" r="14" class="brand-rim" />
            <path d="M16 6a10 10 0 0 0 0 20z" class="brand-heads" />
            <path d="M16 6a10 10 0 0 1 0 20z" class="brand-tails" />
          </svg>
          <span class="brand-name">ZK Casino</span>
        </a>
        <nav class="site-nav" aria-label="Pages">
          <ul ref={list}>
            {PLACES.map(({ href, label }) => (
              <li key={href}>
                <a href={href} aria-current={isHere(href) ? (path === href ? 'page' : 'true') : undefined}>
                  {label}
                </a>
              </li>
            ))}
          </ul>
        </nav>
        <SearchBox />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function ThemeSwitch() {
  const [theme, setTheme] = useState(currentTheme);
  useEffect(() => onTheme(() => setTheme(currentTheme())), []);
  const next = theme === 'dark' ? 'light' : 'dark';
  return (
    <button
      class="icon-button theme-switch"
      type="button"
      aria-label={`Switch to the ${next} theme`}
      onClick={() => setTheme(switchTheme())}
    >
      <Icon name={theme === 'dark' ? 'sun' : 'moon'} />
    </button>
  );
}
