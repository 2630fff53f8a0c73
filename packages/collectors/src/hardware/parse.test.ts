import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fakeHost, hostileText, oversizedTexts } from '@vedette/testkit';
import { runCollector } from '../run-collector.ts';
import { hardware } from './index.ts';
import { parseBootedAt, parseCpuInfo, parseMemoryBytes } from './parse.ts';
import { containerVariable, virtualization, type Surroundings } from './virtualization.ts';

const cpuInfo =
  'processor\t: 0\nmodel name\t: Example CPU @ 2.0GHz\nflags\t\t: fpu hypervisor lm\n\nprocessor\t: 1\nmodel name\t: Example CPU\n';

describe('parsers of /proc', () => {
  it('counts processors and finds model and hypervisor', () => {
    expect(parseCpuInfo(cpuInfo)).toEqual({ model: 'Example CPU @ 2.0GHz', count: 2, hasHypervisor: true });
    expect(parseCpuInfo('flags : fpu nohypervisor\n')).toEqual({ model: '', count: 0, hasHypervisor: false });
  });

  it.each([
    ['MemTotal:       16384 kB\n', 16_777_216],
    ['MemTotal:       -5 kB\n', 0],
    ['MemTotal: 999999999999999 kB\n', 0],
    ['', 0],
  ])('memory of %j is %i bytes', (text, bytes) => expect(parseMemoryBytes(text)).toBe(bytes));

  it.each([
    ['cpu 1 2\nbtime 1760000059\n', '2025-10-09T08:54:00Z'],
    ['btime -1', ''],
    ['btime 999999999999999', ''],
    ['', ''],
  ])('start of %j is %j', (text, expected) => expect(parseBootedAt(text)).toBe(expected));

  it('take any text', () => {
    const check = (text: string): void => {
      expect(parseCpuInfo(text).model.length).toBeLessThanOrEqual(text.length);
      expect(Number.isSafeInteger(parseMemoryBytes(text))).toBe(true);
      expect(parseBootedAt(text)).toMatch(/^(?:|[0-9T:+-]+Z)$/);
      expect(containerVariable(text).length).toBeLessThanOrEqual(text.length);
    };
    fc.assert(fc.property(hostileText('model name\t:', 'MemTotal: ', ' kB', '\nbtime ', 'container=', '8640000000000'), check));
    for (const text of oversizedTexts) check(text);
  });
});

describe('virtualization', () => {
  const bare: Surroundings = {
    vendor: 'Dell Inc.',
    product: 'PowerEdge',
    hasHypervisor: false,
    containerManager: '',
    containerVariable: '',
    hasDockerFile: false,
    hasPodmanFile: false,
  };
  it.each([
    [{}, ''],
    [{ hasHypervisor: true }, 'vm-other'],
    [{ vendor: 'QEMU', hasHypervisor: true }, 'kvm'],
    [{ vendor: 'QEMU' }, 'qemu'],
    [{ vendor: 'VMware, Inc.', hasHypervisor: true }, 'vmware'],
    [{ vendor: 'innotek GmbH' }, 'oracle'],
    [{ vendor: 'Microsoft Corporation', product: 'Virtual Machine' }, 'microsoft'],
    [{ vendor: 'Microsoft Corporation', product: 'Surface Pro' }, ''],
    [{ vendor: 'Amazon EC2', product: 'm5.large', hasHypervisor: true }, 'amazon'],
    [{ vendor: 'Amazon EC2', product: 'm5.metal' }, ''],
    [{ hasDockerFile: true, hasHypervisor: true }, 'docker'],
    [{ containerVariable: 'lxc', hasDockerFile: true }, 'lxc'],
    [{ containerManager: 'systemd-nspawn' }, 'systemd-nspawn'],
  ])('%j → %j', (change, expected) => expect(virtualization({ ...bare, ...change })).toBe(expected));

  it('reads the variable of process 1', () => expect(containerVariable('PATH=/bin\0container=podman\0')).toBe('podman'));
});

describe('hardware collector', () => {
  it('hashes the machine id and leaves out one that is not made yet', async () => {
    const id = 'b08dfa6083e7567a1921a715000001fb';
    const host = fakeHost({ '/etc/machine-id': `${id}\n`, '/proc/cpuinfo': cpuInfo });
    const [row] = (await runCollector(hardware, host)).rows;
    expect(row).toMatchObject({ machineId: host.sha256(id), cpuCount: 2, virtualization: 'vm-other' });
    const early = await runCollector(hardware, fakeHost({ '/etc/machine-id': 'uninitialized\n' }));
    expect(early.rows).toMatchObject([{ machineId: '', bootedAt: '', memoryBytes: 0 }]);
  });
});
