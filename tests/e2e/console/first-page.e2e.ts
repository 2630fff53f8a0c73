import { existsSync, statSync } from 'node:fs';
import { describe, expect } from 'vitest';
import { logIn } from '../explore-console.ts';
import { admin, dist, isBuilt, it } from './over-fixtures.ts';

/** Where most begin, and the long lists: what each asks first, and how much it may fetch as it travels. */
const pages = [
  { place: '/', question: '/api/v1/dashboard', mostFiles: 6, mostBytes: 410_000 },
  { place: '/assets', question: '/api/v1/assets', mostFiles: 8, mostBytes: 460_000 },
  { place: '/detections', question: '/api/v1/detections', mostFiles: 8, mostBytes: 460_000 },
  { place: '/checks', question: '/api/v1/checks', mostFiles: 8, mostBytes: 460_000 },
  { place: '/software', question: '/api/v1/software', mostFiles: 8, mostBytes: 460_000 },
];

describe.runIf(isBuilt)('a page opened with an empty cache', () => {
  it.for(pages)(
    '$place is shown with few files, not too large ones, and asks for nothing twice',
    async ({ place, question, mostFiles, mostBytes }, { page, url }) => {
      await logIn(page, url, admin);
      await page.goto(url + place);
      await page
        .locator(place === '/' ? '.tile-value' : 'tbody a')
        .first()
        .waitFor();
      const fetched = await page.evaluate(() =>
        performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
      );
      const files = fetched.filter((path) => path.startsWith('/static/'));
      const bytes = files.map((path) => statSync(existsSync(`${dist}${path}.br`) ? `${dist}${path}.br` : dist + path).size);
      expect(files.length).toBeLessThanOrEqual(mostFiles);
      // Room for a few components more, not for a library.
      expect(bytes.reduce((sum, size) => sum + size, 0)).toBeLessThan(mostBytes);
      expect(fetched.filter((path) => path === '/api/v1/session' || path === question)).toEqual(['/api/v1/session', question]);
      // A list is asked for before its code is: src/ahead.ts knows what it will ask.
      const code = fetched.findIndex((path) => path.startsWith('/static/lists-'));
      expect(code === -1 || fetched.indexOf(question) < code).toBe(true);
    },
  );
});
