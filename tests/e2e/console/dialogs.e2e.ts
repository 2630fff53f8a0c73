import type { Locator } from 'playwright-core';
import { describe, expect } from 'vitest';
import { logIn } from '../explore-console.ts';
import { admin, hasFocus, isBuilt, it } from './over-fixtures.ts';

describe.runIf(isBuilt)('dialogs of the console', () => {
  it('gives the focus back when a dialog goes by Escape, and opens each by key', async ({ page, url }) => {
    await logIn(page, url, admin, '/agents');
    const opener = page.getByRole('button', { name: 'Create activation key' });
    await opener.press('Enter');
    await page.getByRole('dialog', { name: 'Create activation key' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await expect.poll(() => hasFocus(opener), { timeout: 15_000 }).toBe(true);
    for (const [key, name] of [
      ['?', 'Keyboard shortcuts'],
      ['Control+k', 'Go to'],
    ] as const) {
      await page.keyboard.press(key);
      await page.getByRole('dialog', { name }).waitFor();
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
      await expect.poll(() => hasFocus(opener), { timeout: 15_000 }).toBe(true);
    }
  });

  it('leads from the reason of a detection to its fix and to an exception for just it', async ({ page, url }) => {
    await logIn(page, url, admin, '/detections');
    await page.getByRole('button', { name: /^Why / }).first().click();
    await page.getByRole('link', { name: 'What fixes it' }).waitFor();
    await page.getByRole('link', { name: 'Request an exception' }).click();
    await page.getByRole('dialog', { name: 'Request exception' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Detections' }).inputValue()).toMatch(/^check:\d+$/);
    expect(await page.getByRole('textbox', { name: 'Assets' }).inputValue()).toMatch(/^assetId:/);
    await page.getByText(/^It would cover/).waitFor();
    const busy = { code: 'TOO_MANY_REQUESTS', title: 'Too many requests', detail: 'Wait a little, then try again' };
    await page.route('**/api/v1/exceptions', (route) => route.fulfill({ status: 429, json: busy }));
    const comment = page.getByRole('textbox', { name: 'Comment' });
    await comment.fill('x'.repeat(4001));
    await page.getByText('4,001 characters; at most 4,000 are taken').waitFor();
    await comment.fill('tested by hand');
    await page.getByRole('textbox', { name: 'Reason' }).fill('no such feature here');
    await page.keyboard.press('Enter');
    // Whoever has written at the end of a long form sees it there.
    await expect.poll(() => isInSight(page.getByText('Wait a little, then try again')), { timeout: 15_000 }).toBe(true);
    expect(await comment.inputValue()).toBe('tested by hand');
    await page.keyboard.press('Escape');
    await page.waitForURL('**/exceptions');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  });

  it('takes what is typed as soon as the palette or a form is open', async ({ page, url }) => {
    await logIn(page, url, admin, '/agents');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog', { name: 'Go to' }).waitFor();
    await page.keyboard.type('db-01');
    await page.getByRole('link', { name: 'db-01 asset' }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Create activation key' }).press('Enter');
    await page.getByRole('dialog', { name: 'Create activation key' }).waitFor();
    await page.keyboard.type('web servers');
    expect(await page.getByLabel('Name').inputValue()).toBe('web servers');
  });

  it('keeps what was written in a dialog when somebody clicks beside it', async ({ page, url }) => {
    await logIn(page, url, admin, '/agents');
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').fill('web servers');
    await page.mouse.click(5, 5);
    await page.getByLabel('Most agents that may use it').fill('5');
    expect(await page.getByLabel('Name').inputValue()).toBe('web servers');
  });

  it('shows the secret of a new activation key once, inside the command to run', async ({ page, url }) => {
    await logIn(page, url, admin, '/agents');
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').fill('web servers');
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText(/VEDETTE_ACTIVATION_KEY=vak_/).waitFor();
    await page.reload();
    await page.getByRole('button', { name: 'Revoke web servers' }).waitFor();
    expect(await page.getByText(/vak_/).count()).toBe(0);
  });

  it('asks once for a key when Enter is pressed, and not at all without a name', async ({ page, url }) => {
    await logIn(page, url, admin, '/agents');
    const asked: (string | null)[] = [];
    page.on('request', (request) => {
      if (request.method() === 'POST' && request.url().endsWith('/activation-keys')) asked.push(request.postData());
    });
    await page.getByRole('button', { name: 'Create activation key' }).click();
    await page.getByLabel('Name').press('Enter');
    await page.getByLabel('Name').fill('web servers');
    await page.getByLabel('Most agents that may use it').fill('5');
    await page.keyboard.press('Enter');
    await page.getByText(/VEDETTE_ACTIVATION_KEY=vak_/).waitFor();
    expect(asked.map((body) => JSON.parse(body ?? '') as unknown)).toEqual([
      { name: 'web servers', maxUses: 5, expiresInDays: null },
    ]);
  });

  it('shows what a VEX document would ask for before it asks, and what is wrong with a file that is none', async ({
    page,
    url,
  }) => {
    await logIn(page, url, admin, '/exceptions');
    await page.getByText('A second person has to approve each').waitFor();
    await page.getByRole('button', { name: 'Import VEX' }).click();
    const ask = page.getByRole('button', { name: 'Import', exact: true });
    const file = (text: string) => ({ name: 'vex.json', mimeType: 'application/json', buffer: Buffer.from(text) });
    await page.locator('input[type=file]').setInputFiles(file('no JSON'));
    await page.getByText('This is no JSON document').waitFor();
    expect(await ask.isDisabled()).toBe(true);
    await page.locator('input[type=file]').setInputFiles(file('{"@context":"https://openvex.dev/ns/v0.2.0","statements":[]}'));
    await page.getByText('It would ask for 1 exception, and end 1 exception of an earlier version of the document').waitFor();
    await page.getByText('was asked for before: active').waitFor();
    await page.getByText('not CVE-1999-0001: no check of that name finds anything here').waitFor();
    const asked = page.waitForRequest((request) => request.method() === 'POST' && !request.postData()?.includes('"dryRun":true'));
    await ask.click();
    expect((await asked).postDataJSON()).toMatchObject({ assets: '', document: { statements: [] } });
    await page.getByRole('heading', { name: 'Import VEX' }).waitFor({ state: 'detached' });
  });

  it('changes a channel without its secret, and leads from what waits to the deliveries', async ({ page, url }) => {
    await logIn(page, url, admin, '/notifications');
    await page.getByRole('button', { name: 'Change Operations' }).click();
    expect(await page.getByLabel('To', { exact: true }).inputValue()).toBe('ops@example.org');
    await page.getByLabel('To', { exact: true }).fill('ops@example.org, night@example.org');
    const saved = page.waitForRequest((request) => request.method() === 'POST');
    await page.getByRole('button', { name: 'Save', exact: true }).click();
    const body = (await saved).postDataJSON() as { settings: object };
    expect(body).toMatchObject({
      name: 'Operations',
      enabled: true,
      channelId: '7b7b0d5e-58e8-4d0b-9a5c-3c0f5d2c9a10',
      settings: { kind: 'email', port: 587, user: 'vedette', to: ['ops@example.org', 'night@example.org'] },
    });
    expect(body).not.toHaveProperty('secret');
    await page.getByRole('link', { name: '1 waiting for Operations' }).click();
    await page.waitForURL('**/notifications?channel=7b7b0d5e-58e8-4d0b-9a5c-3c0f5d2c9a10&state=waiting');
  });
});

async function isInSight(element: Locator): Promise<boolean> {
  return element.evaluate((one) => {
    const { left, top, width, height } = one.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return one.contains(found);
  });
}
