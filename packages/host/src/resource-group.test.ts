import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { joinResourceGroup } from './resource-group.ts';

const limits = { cpuPercent: 50, memoryBytes: 128e6 };

describe('joinResourceGroup', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'vedette-group-'));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  /** A tree of plain files stands in for the kernel's, which version 2 here has no cpu controller in. */
  function join2(files: Readonly<Record<string, string>>, isSystemd = false) {
    const all: Record<string, string> = {
      'proc/self/cgroup': '0::/own\n',
      'proc/self/mountinfo': `30 23 0:28 / ${root}/cg rw,relatime - cgroup2 cgroup2 rw\n`,
      ...files,
    };
    for (const [path, content] of Object.entries(all)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), content);
    }
    return joinResourceGroup(limits, { proc: join(root, 'proc'), isSystemd, name: '7' });
  }
  const read = (path: string): string => readFileSync(join(root, 'cg/own', path), 'utf8');

  it('limits CPU and memory in a group of its own (version 2)', () => {
    const joined = join2({ 'cg/own/cgroup.controllers': 'cpuset cpu io memory\n', 'cg/own/cpu.max': 'max 100000\n' });
    expect(joined).toMatchObject({ way: 'cgroup-v2', detail: '50 % of one CPU, 128 MB' });
    expect(read('cgroup.subtree_control')).toBe('+cpu +memory');
    expect(read('vedette-agent-7/cgroup.procs')).toBe('0');
    expect(read('vedette-agent-7/cpu.max')).toBe('50000 100000');
    expect(read('vedette-agent-7/memory.high')).toBe('128000000');
    expect(read('vedette-agent-7/memory.max')).toBe('256000000');
  });

  it('sets other limits later, and says what holds where that is refused', () => {
    const joined = join2({ 'cg/own/cgroup.controllers': 'cpu memory\n' });
    joined.limit({ cpuPercent: 20, memoryBytes: 96e6 });
    expect(joined.detail).toBe('20 % of one CPU, 96 MB');
    expect(read('vedette-agent-7/cpu.max')).toBe('20000 100000');
    expect(read('vedette-agent-7/memory.max')).toBe('192000000');
    rmSync(join(root, 'cg/own/vedette-agent-7'), { recursive: true });
    joined.limit(limits);
    expect(joined.detail).toMatch(/^20 % of one CPU, 96 MB; other limits were refused: ENOENT/);
  });

  it.each([
    ['the service manager has limited it', { 'cg/own/cpu.max': '20000 100000\n' }, 'service', /limited by .*cg\/own/],
    ['there is no cpu controller', { 'cg/own/cgroup.controllers': 'hugetlb\n' }, 'none', /no cpu controller/],
    ['the tree cannot be written', { 'cg/own': 'a file' }, 'none', /./],
    ['there are no groups', { 'proc/self/cgroup': '' }, 'none', /no control groups/],
    ['the file is nonsense', { 'proc/self/cgroup': '\0::::\n0::relative\n' }, 'none', /no control groups/],
  ] as const)('sets nothing where %s', (_, files, way, detail) => {
    const joined = join2(files);
    expect(joined.way).toBe(way);
    expect(joined.detail).toMatch(detail);
    expect(existsSync(join(root, 'cg/own/vedette-agent-7'))).toBe(false);
  });

  it('leaves the tree to systemd where it runs, and says what to do', () => {
    const joined = join2({ 'cg/own/cgroup.controllers': 'cpu memory\n' }, true);
    expect(joined).toMatchObject({ way: 'none', detail: expect.stringMatching(/systemd.*unit/) });
    expect(existsSync(join(root, 'cg/own/vedette-agent-7'))).toBe(false);
  });

  const hasVersion1 =
    process.getuid?.() === 0 && existsSync('/sys/fs/cgroup/cpu/cpu.cfs_quota_us') && !existsSync('/run/systemd/system');

  it.runIf(hasVersion1)('holds a process that would take a whole CPU to its share (version 1, the real kernel)', async () => {
    const code = `const { joinResourceGroup } = await import(process.argv[1]);
      const joined = joinResourceGroup({ cpuPercent: 20, memoryBytes: 128e6 });
      const start = performance.now();
      while (performance.now() - start < 1500);
      const groups = (await import('node:fs')).readFileSync('/proc/self/cgroup', 'utf8').match(/vedette-agent-[0-9a-f-]*/g);
      joined[Symbol.dispose]();
      console.log(JSON.stringify({ ...joined, groups, cpuMs: process.threadCpuUsage().user / 1000, wallMs: performance.now() - start }));`;
    const file = join(import.meta.dirname, 'resource-group.ts');
    const child = spawn(process.execPath, ['--no-warnings', '--input-type=module', '-e', code, file], { stdio: 'pipe' });
    const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
    const joined = JSON.parse(output) as { way: string; groups: string[]; cpuMs: number; wallMs: number };
    expect(joined.way).toBe('cgroup-v1');
    // A fifth, and what starting took before.
    expect(joined.cpuMs).toBeLessThan(0.2 * joined.wallMs + 400);
    expect(joined.groups.length).toBeGreaterThan(0);
    const left = execFileSync('find', ['/sys/fs/cgroup', '-name', joined.groups[0] ?? '']).toString();
    expect(left).toBe('');
  });
});
