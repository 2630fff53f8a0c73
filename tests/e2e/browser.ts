import { type Browser, chromium } from 'playwright-core';

/** Debian's, unless `VEDETTE_CHROMIUM` names another one. */
export function chromiumPath(): string {
  return process.env['VEDETTE_CHROMIUM'] ?? '/usr/bin/chromium';
}

/** Chromium without anything that talks to the network on its own. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath(),
    timeout: 120_000,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
