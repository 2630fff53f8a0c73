import type { Page } from 'playwright-core';

export interface Credentials {
  readonly login: string;
  readonly password: string;
}

/** What a tour may do at each page it has come to: take a picture, run an accessibility check. */
export type AtPage = (name: string, page: Page) => Promise<void>;

export const assetTabs = [
  'Summary',
  'Vulnerabilities',
  'Fixes',
  'Software',
  'Network',
  'Ports',
  'Services',
  'Users',
  'File systems',
  'Timeline',
  'Agent',
] as const;

/** Collects what a page must never have: script errors, console errors, refusals of the Content-Security-Policy, foreign requests. */
export function watchForFaults(page: Page, baseUrl: string): readonly string[] {
  const faults: string[] = [];
  const own = new URL(baseUrl).origin;
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // The first look at the session of somebody who is not logged in is answered with 401; browsers call that an error.
    const isFirstLook = message.location().url.endsWith('/api/v1/session') && message.text().includes('401');
    if (message.type() === 'error' && !isFirstLook) faults.push(`console: ${message.text()}`);
  });
  page.on('request', (request) => {
    const address = request.url();
    if (!address.startsWith(`${own}/`) && !address.startsWith('data:') && !address.startsWith('blob:'))
      faults.push(`foreign request: ${address}`);
  });
  return faults;
}

/** Logs in through the login page, which leads to `target`. */
export async function logIn(page: Page, baseUrl: string, credentials: Credentials, target = '/'): Promise<void> {
  await page.goto(new URL(target, baseUrl).href);
  await fillLogin(page, credentials);
}

async function fillLogin(page: Page, { login, password }: Credentials): Promise<void> {
  await page.getByLabel('Login').fill(login);
  await page.getByLabel('Password', { exact: true }).fill(password);
  await page.getByRole('button', { name: 'Log in' }).click();
  await page.getByRole('button', { name: 'Account' }).waitFor();
}

/** Waits for a page by its heading of first or second rank, and for its data. */
export async function expectHeading(page: Page, name: string | RegExp): Promise<void> {
  await page.getByRole('heading', { name }).first().waitFor();
  await page
    .getByText(/^Loading /)
    .first()
    .waitFor({ state: 'detached' });
}

/**
 * Logs in and walks once through every page of the console, as a person would by clicking; the organization must have at least one
 * asset with a detection. Returns every fault that was seen; an empty list is the good end. Throws when a page does not show its
 * heading.
 */
export async function exploreConsole(
  page: Page,
  baseUrl: string,
  credentials: Credentials,
  atPage: AtPage = async () => {},
): Promise<readonly string[]> {
  const faults = watchForFaults(page, baseUrl);
  await page.goto(baseUrl);
  await page.getByRole('heading', { name: 'Vedette' }).waitFor();
  await atPage('login', page);
  await fillLogin(page, credentials);
  await expectHeading(page, 'Worst findings');
  await atPage('dashboard', page);
  await follow(page, 'Assets', 'Assets', atPage);
  await exploreAsset(page, atPage);
  await follow(page, 'Detections', 'Detections', atPage);
  await exploreCheck(page, atPage);
  await follow(page, 'Checks', 'Checks', atPage);
  await follow(page, 'Software', 'Software', atPage);
  await follow(page, 'Events', 'Events', atPage);
  await follow(page, 'Compare', 'Compare two moments', atPage);
  await follow(page, 'Saved queries', 'Saved queries', atPage);
  await follow(page, 'Fix lists', 'What changed in a week', atPage);
  await exploreExceptions(page, atPage);
  await exploreTags(page, atPage);
  await exploreProfiles(page, atPage);
  await follow(page, 'Agents', 'Activation keys', atPage);
  await follow(page, 'Releases', 'Roll-outs', atPage);
  await follow(page, 'Knowledge base', 'Feeds', atPage);
  await follow(page, 'Reports', 'Reports', atPage);
  await exploreNotifications(page, atPage);
  await follow(page, 'Settings', 'Deadlines', atPage);
  await exploreMoment(page, atPage);
  await follow(page, 'Users', 'Users', atPage);
  await follow(page, 'Roles', 'Roles', atPage);
  await follow(page, 'Audit log', 'Audit log', atPage);
  await follow(page, 'About', 'About', atPage);
  await follow(page, 'Platform identification', 'Platform identification', atPage);
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'Your account' }).click();
  await expectHeading(page, 'Second factors');
  await atPage('account', page);
  await page.getByRole('button', { name: /^Add authenticator/ }).click();
  await page.getByRole('img', { name: /^QR code/ }).waitFor();
  await atPage('account-totp', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Account' }).click();
  await page.getByRole('menuitem', { name: 'API tokens' }).click();
  await expectHeading(page, 'Your tokens');
  await atPage('api-tokens', page);
  return faults;
}

/** Goes to a page by the navigation, which is a drawer on a narrow window. */
async function follow(page: Page, link: string, heading: string, atPage: AtPage): Promise<void> {
  const opener = page.getByRole('button', { name: 'Open navigation' });
  if (await opener.isVisible()) await opener.click();
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: link, exact: true }).click();
  const closer = page.getByRole('button', { name: 'Close navigation' });
  if ((page.viewportSize()?.width ?? 0) < 900 && (await closer.isVisible())) await closer.click();
  await expectHeading(page, heading);
  await atPage(link.toLowerCase().replaceAll(' ', '-'), page);
}

/** Looks at yesterday, and comes back. */
async function exploreMoment(page: Page, atPage: AtPage): Promise<void> {
  await page.getByRole('button', { name: 'Look at another moment' }).click();
  await atPage('moment', page);
  await page.getByRole('button', { name: 'Yesterday' }).click();
  await page.getByText('You look at the past').waitFor();
  await follow(page, 'Dashboard', 'Dashboard', atPage);
  await page.getByText('You look at the past').waitFor();
  await page.getByRole('button', { name: 'Back to now' }).click();
  await page.getByText('You look at the past').waitFor({ state: 'detached' });
}

async function exploreExceptions(page: Page, atPage: AtPage): Promise<void> {
  await follow(page, 'Exceptions', 'Exceptions', atPage);
  await page.getByRole('button', { name: 'Request exception' }).click();
  await page.getByRole('heading', { name: 'Request exception' }).waitFor();
  await page.getByRole('textbox', { name: 'Detections' }).fill('severity:>=1');
  await page.getByText(/^It would cover/).waitFor();
  await atPage('exceptions-request', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Rules' }).click();
  await page.getByRole('heading', { name: 'Rules of exceptions' }).waitFor();
  await atPage('exceptions-rules', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Import VEX' }).click();
  await page.getByRole('heading', { name: 'Import VEX' }).waitFor();
  const content = JSON.stringify({ '@context': 'https://openvex.dev/ns/v0.2.0', statements: [] });
  await page
    .locator('input[type=file]')
    .setInputFiles({ name: 'vex.json', mimeType: 'application/json', buffer: Buffer.from(content) });
  await page.getByText(/^It would ask for/).waitFor();
  await atPage('exceptions-import', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
}

async function exploreNotifications(page: Page, atPage: AtPage): Promise<void> {
  await follow(page, 'Notifications', 'Delivery log', atPage);
  await page.getByRole('button', { name: 'Create channel' }).click();
  await page.getByRole('heading', { name: 'Create channel' }).waitFor();
  await atPage('notifications-channel', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
}

async function exploreTags(page: Page, atPage: AtPage): Promise<void> {
  await follow(page, 'Tags', 'Tags', atPage);
  await page.getByRole('button', { name: 'Create tag' }).click();
  await page.getByRole('heading', { name: 'Create tag' }).waitFor();
  await page.getByLabel('Query').fill('packages:>1');
  await page.getByText(/assets? fits?/).waitFor();
  await atPage('tags-create', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
}

async function exploreProfiles(page: Page, atPage: AtPage): Promise<void> {
  await follow(page, 'Profiles', 'Profiles', atPage);
  await page.getByRole('button', { name: 'Create profile' }).click();
  await page.getByRole('heading', { name: 'Create profile' }).waitFor();
  await page.getByLabel('Name').fill('Quiet');
  await page.getByRole('textbox', { name: 'Query' }).fill('packages:>1');
  const share = page.getByRole('textbox', { name: 'CPU share (% of one CPU)', exact: true });
  await share.fill('50');
  await page.getByText('cpuPercent takes from 1 to 10').waitFor();
  await share.fill('3');
  await page.getByText(/^For [0-9,]+ assets?\./).waitFor();
  await atPage('profiles-create', page);
  await page.getByRole('button', { name: 'Cancel' }).click();
}

async function exploreAsset(page: Page, atPage: AtPage): Promise<void> {
  const link = page.getByRole('table').getByRole('link').first();
  const name = (await link.textContent()) ?? '';
  await link.click();
  for (const tab of assetTabs) {
    await page.getByRole('tab', { name: tab }).click();
    await page.getByRole('tabpanel').locator('h2, .empty, table').first().waitFor();
    await expectHeading(page, name);
    await atPage(`asset-${tab.toLowerCase().replaceAll(' ', '-')}`, page);
    if (tab === 'Vulnerabilities') await exploreReason(page, atPage);
  }
}

async function exploreReason(page: Page, atPage: AtPage): Promise<void> {
  await page.getByRole('button', { name: /^Why / }).first().click();
  await page.getByRole('heading', { name: 'Why', exact: true }).waitFor();
  await page.getByRole('heading', { name: 'History' }).waitFor();
  await atPage('asset-why', page);
}

async function exploreCheck(page: Page, atPage: AtPage): Promise<void> {
  const link = page.getByRole('table').getByRole('link').first();
  const name = (await link.textContent()) ?? '';
  await link.click();
  await expectHeading(page, new RegExp(`^${name}`));
  await expectHeading(page, 'Statements');
  await atPage('check', page);
}
