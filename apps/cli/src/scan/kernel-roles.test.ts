import type { InventoryElement } from '@vedette/matching';
import type { Kernel } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { strayKernel, withKernelRoles } from './kernel-roles.ts';

const image = (name: string, version: string, more: Partial<InventoryElement> = {}): InventoryElement => ({
  ecosystem: 'debian',
  release: 'bookworm',
  name,
  version,
  architecture: 'amd64',
  source: 'linux-signed-amd64',
  sourceVersion: version.replace('-', '+'),
  role: 'installed',
  ...more,
});
const rpm = (name: string, version: string): InventoryElement =>
  image(name, version, {
    ecosystem: 'almalinux',
    release: '9',
    architecture: 'x86_64',
    source: 'kernel',
    sourceVersion: version,
  });
const kernel = (release: string, version = '', running = true): Kernel => ({ release, running, version, banner: '' });
const older = image('linux-image-6.1.0-28-amd64', '6.1.119-1');
const newer = image('linux-image-6.1.0-31-amd64', '6.1.128-1');
const cloud = image('linux-image-6.1.0-28-cloud-amd64', '6.1.119-1');
const roles = (elements: InventoryElement[], kernels: Kernel[] | null): string[] =>
  withKernelRoles(elements, kernels).map(({ role }) => role);

describe('withKernelRoles', () => {
  it('takes the newest of each flavour where nobody knows what runs', () => {
    expect(roles([older, newer, cloud, image('bash', '1', { source: 'bash' })], null)).toEqual([
      'dormant',
      'installed',
      'installed',
      'installed',
    ]);
    expect(roles([rpm('kernel-core', '5.14.0-427.el9'), rpm('kernel-core', '5.14.0-503.el9')], null)).toEqual([
      'dormant',
      'installed',
    ]);
  });

  it('takes the one that runs on the machine itself, by the name of its image and the version it states', () => {
    const running = kernel('6.1.0-28-amd64', '6.1.119-1');
    expect(roles([older, newer, cloud], [running])).toEqual(['running', 'dormant', 'dormant']);
    // Upgraded on disk under the same name, not yet restarted.
    expect(roles([image('linux-image-6.1.0-28-amd64', '6.1.124-1')], [running])).toEqual(['dormant']);
  });

  it('takes the one that runs by version, release and architecture of an rpm', () => {
    const both = [rpm('kernel-core', '5.14.0-427.el9'), rpm('kernel-core', '1:5.14.0-503.el9')];
    expect(roles(both, [kernel('5.14.0-503.el9.x86_64'), kernel('5.14.0-427.el9.x86_64', '', false)])).toEqual([
      'dormant',
      'running',
    ]);
  });
});

describe('strayKernel', () => {
  it('is the kernel that runs and is no package on disk', () => {
    const elements = withKernelRoles([newer], [kernel('6.1.0-28-amd64', '6.1.119-1')]);
    expect(strayKernel(elements, [kernel('6.1.0-28-amd64', '6.1.119-1')])).toMatchObject({
      name: 'linux-image-6.1.0-28-amd64',
      version: '6.1.119-1',
      role: 'running',
    });
  });

  it.each([
    [
      'its package is there',
      withKernelRoles([older], [kernel('6.1.0-28-amd64', '6.1.119-1')]),
      kernel('6.1.0-28-amd64', '6.1.119-1'),
    ],
    ['it states no version', [newer], kernel('6.18.0-cloud')],
    ['the machine is none of Debian', [rpm('bash', '1')], kernel('6.1.0-28-amd64', '6.1.119-1')],
  ])('is null where %s', (_, elements, running) => {
    expect(strayKernel(elements, [running])).toBeNull();
  });
});
