import { type Browser, chromium } from 'playwright-core';

/** Debian's chromium without anything that talks to the network on its own. `VEDETTE_CHROMIUM` names another one. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env['VEDETTE_CHROMIUM'] ?? '/usr/bin/chromium',
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
