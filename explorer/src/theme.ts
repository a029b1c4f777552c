export type Theme = 'light' | 'dark';

const KEY = 'theme';

/** The theme that is shown: chosen here, or the system's. */
export function currentTheme(): Theme {
  const chosen = document.documentElement.dataset.theme;
  if (chosen === 'light' || chosen === 'dark') return chosen;
  return matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light';
}

/** Shows the other theme, and remembers it as long as the browser keeps anything. */
export function switchTheme(): Theme {
  const next = currentTheme() === 'dark' ? 'light' : 'dark';
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {}
  dispatchEvent(new Event('themechange'));
  return next;
}

/** Calls `listener` when another theme is shown, until the returned function is called. */
export function onTheme(listener: () => void): () => void {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  addEventListener('themechange', listener);
  return () => {
    system.removeEventListener('change', listener);
    removeEventListener('themechange', listener);
  };
}
