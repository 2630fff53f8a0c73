import { describe, expect, it } from 'vitest';
import { paths, safeNext } from './paths.ts';

describe('safeNext leads only into this console', () => {
  it.each([
    ['/assets?search=web', '/assets?search=web'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['https://evil.example', '/'],
    ['javascript:alert(1)', '/'],
    ['/login?next=/login', '/'],
    [undefined, '/'],
  ])('%s becomes %s', (next, target) => expect(safeNext(next)).toBe(target));
});

it.each([
  [paths.detections({ severity: '5' }), '/detections?severity=5'],
  [paths.asset('a/b', 'vulnerabilities', { why: 12 }), '/assets/a%2Fb/vulnerabilities?why=12'],
  [paths.assets({ query: 'risk:>=100 and risk:<250' }), '/assets?query=risk%3A%3E%3D100+and+risk%3A%3C250'],
  [
    paths.events({ query: 'status:closed', kind: 'detection', from: '2026-11-01T00:00:00.001Z', to: '2026-11-08T00:00:00.001Z' }),
    '/events?query=status%3Aclosed&kind=detection&from=2026-11-01T00%3A00%3A00.001Z&to=2026-11-08T00%3A00%3A00.001Z',
  ],
  [paths.coveredBy('3f0e-1'), '/detections?query=exceptionId%3A3f0e-1'],
  [paths.login('/assets?search=x'), '/login?next=%2Fassets%3Fsearch%3Dx'],
])('the address %s is as written in documents', (address, text) => expect(address).toBe(text));
