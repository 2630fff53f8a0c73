import { describe, expect, it } from 'vitest';
import { completeQuery, type EntityName } from './index.ts';

/** A query with the cursor at |. */
function offered(marked: string, about: EntityName = 'asset'): string[] {
  const position = marked.indexOf('|');
  return completeQuery(marked.replace('|', ''), position, about).options.map(({ text }) => text);
}

describe('completion', () => {
  it.each([
    ['host|', ['hostname:']],
    ['web and pend|', ['pendingRestart:']],
    ['state:|', ['enrolling', 'active', 'silent', 'stale', 'archived']],
    ['state:s|', ['silent', 'stale']],
    ['state:(s|', ['silent', 'stale']],
    ['state:(active or s|', ['silent', 'stale']],
    ['(web or state:!=a| and nonsense:', ['active', 'archived']],
    ['pendingRestart:t|', ['true']],
    ['detection:(severity:>=h|', ['high']],
    ['detection:(sev|', ['severity:']],
    ['detection:(severity:5 and asset:(rel|', ['release:']],
    ['detection:(severity:5) and rel|', ['release:']],
    ['software.ver|', []],
    ['detection.status:re|', ['reopened']],
    ['lastSeen:>now-7|', ['now-7d']],
    ['as|', ['assetId:', 'asOf:']],
    ['detection:(as|', ['asset:(']],
    ['web a|', ['assetId:', 'architecture:', 'agentVersion:', 'activationKey:', 'and ', 'asOf:']],
    ['a|', ['assetId:', 'architecture:', 'agentVersion:', 'activationKey:', 'asOf:']],
  ])('at %s', (marked, expected) => {
    expect(offered(marked)).toEqual(expected);
  });

  it('replaces what is written so far, and says whose values are wanted', () => {
    expect(completeQuery('release:book', 12, 'asset')).toMatchObject({
      from: 8,
      to: 12,
      options: [],
      valueOf: { name: 'release' },
    });
  });
});
