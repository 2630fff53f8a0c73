import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright-core';

/** Of a long table so many rows are looked at: all are alike, and the time of a check grows with everything in sight. */
const rows = 6;

/** Violations of WCAG and best practices on a page, in light mode, and in dark mode those that depend on colours. */
export async function accessibilityViolations(page: Page, name: string): Promise<string[]> {
  await showRows(page, rows);
  // Legacy mode looks at this page alone and opens no second one: the console has no frames.
  const { violations } = await new AxeBuilder({ page }).setLegacyMode(true).analyze();
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await new AxeBuilder({ page }).setLegacyMode(true).withRules(['color-contrast']).analyze();
  await page.emulateMedia({ colorScheme: 'light' });
  await showRows(page, Number.POSITIVE_INFINITY);
  return [
    ...violations.map((violation) => `${name}: ${describe(violation)}`),
    ...dark.violations.map((violation) => `${name} in dark mode: ${describe(violation)}`),
  ];
}

function showRows(page: Page, count: number): Promise<void> {
  return page.locator('tbody').evaluateAll((bodies, shown) => {
    for (const body of bodies) {
      for (const [index, row] of [...body.children].entries()) {
        (row as HTMLElement).style.display = index < shown ? '' : 'none'; // children of a table body
      }
    }
  }, count);
}

function describe({ id, help, nodes }: { id: string; help: string; nodes: readonly { html: string }[] }): string {
  return `${id}: ${help}: ${nodes
    .slice(0, 3)
    .map(({ html }) => html.slice(0, 160))
    .join(' ')}`;
}
