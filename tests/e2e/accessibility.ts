import axe, { type RunOptions } from 'axe-core';
import type { Page } from 'playwright-core';

/** Of a long table so many rows are looked at: all are alike, and the time of a check grows with everything in sight. */
const rows = 6;

/** Violations of WCAG and best practices on a page, in light mode, and in dark mode those that depend on colours. */
export async function accessibilityViolations(page: Page, name: string): Promise<string[]> {
  await showRows(page, rows);
  const light = await violationsOf(page, {});
  await page.emulateMedia({ colorScheme: 'dark' });
  const dark = await violationsOf(page, { runOnly: { type: 'rule', values: ['color-contrast'] } });
  await page.emulateMedia({ colorScheme: 'light' });
  await showRows(page, Number.POSITIVE_INFINITY);
  return [
    ...light.map((violation) => `${name}: ${describe(violation)}`),
    ...dark.map((violation) => `${name} in dark mode: ${describe(violation)}`),
  ];
}

/** Violations on a page as it is shown at this moment. */
export async function violationsInSight(page: Page, name: string): Promise<string[]> {
  await showRows(page, rows);
  const found = await violationsOf(page, {});
  await showRows(page, Number.POSITIVE_INFINITY);
  return found.map((violation) => `${name}: ${describe(violation)}`);
}

/**
 * axe is put into a document once, as a script of its own that no Content-Security-Policy stops, and describes nothing but violations:
 * both times it is asked it would else list every element that is in order, which took most of the time. There are no frames.
 */
async function violationsOf(page: Page, options: RunOptions): Promise<readonly Violation[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  return page.evaluate(
    async (asked) => {
      const { axe: inPage } = globalThis as unknown as { axe: typeof axe }; // the source above puts it there
      const { violations } = await inPage.run(document, asked);
      return violations.map(({ id, help, nodes }) => ({ id, help, nodes: nodes.map(({ html }) => ({ html })) }));
    },
    { ...options, resultTypes: ['violations' as const] },
  );
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

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string }[];
}

function describe({ id, help, nodes }: Violation): string {
  return `${id}: ${help}: ${nodes
    .slice(0, 3)
    .map(({ html }) => html.slice(0, 160))
    .join(' ')}`;
}
