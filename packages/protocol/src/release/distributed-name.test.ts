import { describe, expect, it } from 'vitest';
import { distributedKind, targetSha256 } from './distributed-name.ts';

const hash = 'ab'.repeat(32);

describe('distributedKind', () => {
  it.each([
    ['/tuf/timestamp.json', 'timestamp'],
    ['/tuf/1.root.json', 'metadata'],
    ['/tuf/12.snapshot.json', 'metadata'],
    ['/tuf/999999999.targets.json', 'metadata'],
    ['/tuf/3.content.json', 'metadata'],
    ['/tuf/3.code.json', 'metadata'],
    [`/targets/code/agent-linux-x64/${hash}.0.2.0_from_0.1.0.zst`, 'target'],
    [`/targets/content/platform/${hash}.origins.json`, 'target'],
    ['/', null],
    ['/tuf/', null],
    ['/tuf/root.json', null],
    ['/tuf/0.root.json', null],
    ['/tuf/1.other.json', null],
    ['/tuf/timestamp.json?x', null],
    ['/tuf/timestamp.json\n', null],
    ['/tuf//timestamp.json', null],
    ['/tuf/../tuf/timestamp.json', null],
    ['/tuf/%74imestamp.json', null],
    ['http://other.example/tuf/timestamp.json', null],
    [`/targets/code/${hash}.0.2.0.zst`, null],
    [`/targets/other/agent-linux-x64/${hash}.0.2.0.zst`, null],
    [`/targets/code/../${hash}.0.2.0.zst`, null],
    [`/targets/code/agent-linux-x64/${hash.toUpperCase()}.0.2.0.zst`, null],
    [`/targets/code/agent-linux-x64/${hash}.${'0'.repeat(161)}`, null],
    ['/targets/code/agent-linux-x64/0.2.0.zst', null],
    ['/agent/v1/sync', null],
  ])('%s is %s', (path, kind) => expect(distributedKind(path)).toBe(kind));

  it('finds the hash in the name of a target', () =>
    expect(targetSha256(`/targets/code/agent-linux-x64/${hash}.0.2.0.zst`)).toBe(hash));
});
