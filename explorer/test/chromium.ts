import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright-core';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable'];

/** A Chromium of this machine, `CHROMIUM` if that names one. */
const executablePath = [process.env.CHROMIUM ?? '', ...PLACES].find((path) => existsSync(path));

/** Why tests in a browser are skipped; false where there is one. On a CI machine their absence is a failure of its set-up. */
export const noChromium: string | false = executablePath || process.env.CI ? false : 'no Chromium on this machine: set CHROMIUM';

export function launchChromium(): Promise<Browser> {
  if (executablePath === undefined) throw new Error('no Chromium on this machine: set CHROMIUM to the path of one');
  // In a container the browser's own sandbox has no user namespaces to build on.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
