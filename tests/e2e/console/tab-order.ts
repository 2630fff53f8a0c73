import type { Page } from 'playwright-core';

/** So many rows of a table have stops: all are alike. */
const rows = 3;
/** More stops than any page has: whoever presses the key so often is trapped. */
const mostStops = 300;
/** Things in one line are not exactly as high. */
const slackPx = 4;

interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Stop {
  readonly name: string;
  /** For people who read a fault. */
  readonly tag: string;
  /** The part of the page, in the order in which they are read. */
  readonly region: string;
  readonly box: Box;
}

/** Presses Tab from the top of a page to its end and says what is wrong: order, names, rings, traps. */
export async function tabFaults(page: Page, where: string): Promise<{ readonly faults: string[]; readonly stops: number }> {
  await page.evaluate((shown) => {
    const sheet = new CSSStyleSheet();
    // They keep their room: a list whose end comes into sight would read on.
    const others = `tbody tr:nth-child(n + ${shown + 1})`;
    sheet.replaceSync(`${others}, ${others} * { visibility: hidden !important }`);
    document.adoptedStyleSheets.push(sheet);
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    scrollTo(0, 0);
  }, rows);
  const faults: string[] = [];
  const stops: Stop[] = [];
  for (;;) {
    await page.keyboard.press('Tab');
    const step = await page.evaluate(stepInPage);
    if (step.wasSame) faults.push(`${where}: nothing shows the focus on ${stops.at(-1)?.tag}`);
    if (step.stop === null) {
      if (step.missed !== null) faults.push(`${where}: the focus never comes to ${step.missed}`);
      break;
    }
    if (step.isSeen || stops.length > mostStops) {
      faults.push(`${where}: the focus comes back to ${step.stop.tag} and never leaves`);
      await page.evaluate(() => delete (globalThis as { walked?: unknown }).walked);
      break;
    }
    if (step.stop.name === '') faults.push(`${where}: ${step.stop.tag} has no name`);
    const before = stops.at(-1);
    const disorder = before && disorderOf(before, step.stop);
    if (disorder) faults.push(`${where}: ${step.stop.tag} comes after ${before.tag} ${disorder}`);
    stops.push(step.stop);
  }
  return { faults, stops: stops.length };
}

/** A stop is beside, below or in a column to the right of the one before. */
function disorderOf(before: Stop, after: Stop): string | null {
  // The library lets whoever does not want the navigation close it before its first line.
  if (before.region !== after.region || before.name === 'Close navigation') return null;
  const isAbove = after.box.bottom <= before.box.top + slackPx;
  if (isAbove && after.box.left < before.box.right - slackPx) return 'and is above it';
  const isBeside = after.box.top < before.box.bottom - slackPx && before.box.top < after.box.bottom - slackPx;
  return isBeside && after.box.right <= before.box.left + slackPx ? 'and is to the left of it' : null;
}

/** Runs in the page: what has the focus now, and whether the one before looks as it did while it had it. */
function stepInPage(): { stop: Stop | null; isSeen: boolean; wasSame: boolean; missed: string | null } {
  const memory = globalThis as unknown as { walked?: { seen: Set<Element>; last: Element; look: string } };
  const looks = ['outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow', 'borderTopColor', 'backgroundColor'] as const;
  const lookOf = (element: Element): string => {
    const around: Element[] = [element, ...element.querySelectorAll(':scope > *, :scope + *')];
    for (let up = element.parentElement; up && around.length < 14; up = up.parentElement) around.push(up);
    return around
      .flatMap((one) => ['', '::before', '::after'].map((pseudo) => getComputedStyle(one, pseudo)))
      .map((style) => looks.map((look) => style[look]).join())
      .join(';');
  };
  const nameOf = (element: Element): string => {
    const labelled = (element.getAttribute('aria-labelledby') ?? '')
      .split(' ')
      .map((id) => (id ? (document.getElementById(id)?.textContent ?? '') : ''))
      .join(' ');
    const labels = 'labels' in element ? [...(element.labels as NodeListOf<HTMLElement>)].map((one) => one.textContent) : [];
    const names = [labelled, element.getAttribute('aria-label'), ...labels, element.textContent, element.getAttribute('title')];
    return names.map((name) => name?.trim() ?? '').find((name) => name !== '') ?? '';
  };
  const { walked } = memory;
  const element = document.activeElement;
  // With the pointer still on it, the look of what lost the focus is as it was before it came.
  const wasSame = walked !== undefined && lookOf(walked.last) === walked.look;
  const tagOf = (one: Element): string => `${one.tagName.toLowerCase()} "${nameOf(one).slice(0, 40)}"`;
  const [first] = walked?.seen ?? [];
  // Behind the last one a browser goes to its own window, or begins again.
  if (!element || element === document.body || element === first) {
    delete memory.walked;
    const wanted = [...document.querySelectorAll('a[href], button:enabled, input:enabled, [tabindex]')];
    const last = wanted.findLast(
      (one) => one.getAttribute('tabindex') !== '-1' && one.checkVisibility({ visibilityProperty: true }),
    );
    // What was there when the focus came to the end may be gone: a list is read to its end, and the button for that with it.
    const isMissed = last && walked?.last.isConnected && !walked.seen.has(last);
    return { stop: null, isSeen: false, wasSame, missed: isMissed ? tagOf(last) : null };
  }
  const seen = walked?.seen ?? new Set<Element>();
  const isSeen = seen.has(element);
  memory.walked = { seen: seen.add(element), last: element, look: lookOf(element) };
  const { left, top, right, bottom } = element.getBoundingClientRect();
  // What scrolls to show the focus stays where it is in the order.
  let [x, y] = [0, 0];
  for (let up: Element | null = element.parentElement; up; up = up.parentElement) [x, y] = [x + up.scrollLeft, y + up.scrollTop];
  const name = nameOf(element);
  const region = element.closest('#top-bar, nav, #content');
  return {
    stop: {
      name,
      tag: tagOf(element),
      region: region ? region.id || region.tagName : '',
      box: { left: left + x, top: top + y, right: right + x, bottom: bottom + y },
    },
    isSeen,
    wasSame,
    missed: null,
  };
}
