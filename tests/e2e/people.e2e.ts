import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { PlatformProcess } from '@vedette/testkit';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessibilityViolations } from './accessibility.ts';
import { startBrowser } from './browser.ts';
import { expectHeading, logIn, watchForFaults } from './explore-console.ts';

const admin = { login: 'admin', password: 'eleven quiet paper boats' };
const built = existsSync(fileURLToPath(new URL('../../apps/console/dist/index.html', import.meta.url)));

/** People and their rights, in a real browser on a real platform. */
describe.runIf(built)('people in the console', () => {
  const stack = new AsyncDisposableStack();
  let browser: Browser;
  /** By a name: browsers have no keys for addresses. */
  let url: string;

  beforeAll(async () => {
    const platform = stack.use(await PlatformProcess.start({ VEDETTE_BOOTSTRAP_PASSWORD: admin.password }));
    url = platform.url.replace('127.0.0.1', 'localhost');
    browser = await startBrowser();
    stack.defer(() => browser.close());
  });
  afterAll(() => stack.disposeAsync());

  async function newPage(): Promise<Page> {
    const page = await (await browser.newContext({ reducedMotion: 'reduce', viewport: { width: 1400, height: 1000 } })).newPage();
    page.setDefaultTimeout(60_000);
    return page;
  }

  /** Takes a picture where somebody wants to look at it, and gives what keeps people out. */
  async function look(page: Page, name: string): Promise<string[]> {
    const directory = process.env['VEDETTE_SCREENSHOTS'];
    if (directory) await page.screenshot({ path: `${directory}/${name}.png`, fullPage: true });
    return accessibilityViolations(page, name);
  }

  async function leave(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Account' }).click();
    await page.getByRole('menuitem', { name: 'Log out' }).click();
    await page.getByLabel('Login').waitFor();
  }

  async function giveLogin(page: Page, login: string, password: string): Promise<void> {
    await page.getByLabel('Login').fill(login);
    await page.getByLabel('Password', { exact: true }).fill(password);
    await page.getByRole('button', { name: 'Log in', exact: true }).click();
  }

  it('registers a key, asks for it at the next login, and takes a recovery code instead', async () => {
    const page = await newPage();
    const devtools = await page.context().newCDPSession(page);
    await devtools.send('WebAuthn.enable');
    const options = {
      protocol: 'ctap2',
      transport: 'usb',
      hasResidentKey: false,
      hasUserVerification: true,
      isUserVerified: true,
    } as const;
    const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', { options });
    const faults = watchForFaults(page, url);
    const violations: string[] = [];

    await logIn(page, url, admin, '/account');
    await expectHeading(page, 'Second factors');
    violations.push(...(await look(page, 'account')));
    await page.getByRole('button', { name: 'Add key or passkey' }).click();
    await page.getByText('Keep these recovery codes now').waitFor();
    const [code = ''] = ((await page.locator('pre').textContent()) ?? '').split('\n');
    violations.push(...(await look(page, 'recovery-codes')));

    await leave(page);
    await giveLogin(page, admin.login, admin.password);
    await page.getByRole('heading', { name: 'Second factor' }).waitFor();
    violations.push(...(await look(page, 'second-factor')));
    expect((await page.request.get(`${url}/api/v1/assets`)).status()).toBe(403);
    await page.getByRole('button', { name: 'Use your key or passkey' }).click();
    await page.getByRole('button', { name: 'Account' }).waitFor();
    expect((await page.request.get(`${url}/api/v1/assets`)).status()).not.toBe(403);

    // The key is lost.
    await devtools.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId });
    await leave(page);
    await giveLogin(page, admin.login, admin.password);
    await page.getByRole('button', { name: 'Use a recovery code instead' }).click();
    await page.getByLabel('Recovery code').fill(code);
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'Account' }).waitFor();
    await page.goto(`${url}/account`);
    await page.getByRole('button', { name: 'Remove Security key' }).click();
    await page.getByText('No second factor').waitFor();
    expect(violations).toEqual([]);
    // Refused while the login is not complete, or over; the console goes on asking what is new.
    expect(faults.filter((fault) => !/status of 40[13]/.test(fault))).toEqual([]);
    await page.context().close();
  });

  it('makes a user, who chooses a password and finds only what the role is for', async () => {
    const page = await newPage();
    const violations: string[] = [];
    await logIn(page, url, admin, '/users');
    await page.getByRole('button', { name: 'Create user' }).click();
    await page.getByRole('textbox', { name: 'Login' }).fill('grace');
    await page.getByRole('textbox', { name: 'Name' }).fill('Grace Hopper');
    violations.push(...(await look(page, 'create-user')));
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('hand it on now').waitFor();
    const password = (await page.locator('.copy-line code').textContent()) ?? '';
    violations.push(...(await look(page, 'users')));
    await page.goto(`${url}/roles`);
    await expectHeading(page, 'Roles');
    violations.push(...(await look(page, 'roles')));
    await page.getByRole('button', { name: 'Create role' }).click();
    violations.push(...(await look(page, 'create-role')));
    await page.goto(`${url}/audit`);
    await expectHeading(page, 'Audit log');
    await page.getByRole('button', { name: 'Verify' }).click();
    await page.getByText('events are as they were written').waitFor();
    violations.push(...(await look(page, 'audit')));
    await page
      .getByRole('button', { name: /^Show event/ })
      .first()
      .click();
    await page.getByText('Hash of this event').waitFor();
    violations.push(...(await look(page, 'audit-event')));
    await page.goto(`${url}/tokens`);
    await page.getByRole('button', { name: 'Create API token' }).click();
    violations.push(...(await look(page, 'create-token')));

    const other = await newPage();
    await other.goto(url);
    await giveLogin(other, 'grace', password);
    await other.getByText('Choose a password of your own first').waitFor();
    violations.push(...(await look(other, 'change-password')));
    await other.getByLabel('Present password').fill(password);
    await other.getByLabel('New password').fill('password1234');
    await other.getByRole('button', { name: 'Change password' }).click();
    await other.getByText('guessed first').waitFor();
    await other.getByLabel('New password').fill('nineteen slow copper kettles');
    await other.getByRole('button', { name: 'Change password' }).click();
    await other.getByText('your other sessions ended').waitFor();
    const navigation = other.getByRole('navigation', { name: 'Main' });
    await navigation.getByRole('link', { name: 'Assets', exact: true }).waitFor();
    expect(await navigation.getByRole('link').allTextContents()).not.toEqual(expect.arrayContaining(['Users']));
    await navigation.getByRole('link', { name: 'Agents', exact: true }).click();
    await expectHeading(other, 'Activation keys');
    expect(await other.getByRole('button', { name: 'Create activation key' }).count()).toBe(0);
    expect(violations).toEqual([]);
    await page.context().close();
    await other.context().close();
  });

  it('asks a role that must have a second factor to set one up before anything else', async () => {
    const page = await newPage();
    await logIn(page, url, admin, '/roles');
    await page.getByLabel('Reader must have a second factor').click();
    await expect.poll(() => page.getByLabel('Reader must have a second factor').isChecked()).toBe(true);
    const other = await newPage();
    await other.goto(`${url}/detections`);
    await giveLogin(other, 'grace', 'nineteen slow copper kettles');
    await other.getByText('Set up a second factor first').waitFor();
    expect(new URL(other.url()).pathname).toBe('/account');
    await other.getByRole('button', { name: 'Add authenticator program' }).click();
    await other.getByText('otpauth://totp/').waitFor();
    expect(await look(other, 'add-totp')).toEqual([]);
    await page.context().close();
    await other.context().close();
  });
});
