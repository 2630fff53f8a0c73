import type { DpkgPackage, Kernel } from '@vedette/protocol';
import { describe, expect, it } from 'vitest';
import { packageElement, runningKernelElement } from './inventory-element.ts';

const pkg = (more: Partial<DpkgPackage>): DpkgPackage => ({
  name: 'libssl3',
  version: '3.0.11-1~deb12u2+b1',
  architecture: 'amd64',
  source: 'openssl',
  sourceVersion: '3.0.11-1~deb12u2',
  state: 'installed',
  ...more,
});
const image = pkg({
  name: 'linux-image-6.1.0-28-amd64',
  version: '6.1.119-1',
  source: 'linux-signed-amd64',
  sourceVersion: '6.1.119+1',
});

describe('packageElement', () => {
  it('takes the package as it is, with the release of the machine', () => {
    expect(packageElement(pkg({}), 'bookworm')).toEqual({
      ecosystem: 'debian',
      release: 'bookworm',
      name: 'libssl3',
      version: '3.0.11-1~deb12u2+b1',
      architecture: 'amd64',
      source: 'openssl',
      sourceVersion: '3.0.11-1~deb12u2',
      role: 'installed',
    });
  });

  it('calls an installed kernel image dormant', () => {
    expect(packageElement(image, 'bookworm')).toMatchObject({ role: 'dormant' });
  });

  it('is null where only configuration files remain', () => {
    expect(packageElement(pkg({ state: 'config-files' }), 'bookworm')).toBeNull();
  });

  it.each(['unpacked', 'half-configured', 'half-installed', 'triggers-awaited', 'triggers-pending'] as const)(
    'counts a package that is %s: its files are there',
    (state) => {
      expect(packageElement(pkg({ state }), 'bookworm')).not.toBeNull();
    },
  );
});

describe('runningKernelElement', () => {
  const kernel = (more: Partial<Kernel>): Kernel => ({
    release: '6.1.0-28-amd64',
    running: true,
    version: '6.1.119-1',
    banner: '',
    ...more,
  });
  const machine = { release: 'bookworm', architecture: 'amd64' };

  it('is the image package of the running kernel, in the version the kernel states', () => {
    const kernels = [kernel({ release: '6.1.0-31-amd64', running: false, version: '' }), kernel({})];
    expect(runningKernelElement(kernels, machine)).toEqual({
      ecosystem: 'debian',
      ...machine,
      name: 'linux-image-6.1.0-28-amd64',
      version: '6.1.119-1',
      source: 'linux',
      sourceVersion: '6.1.119-1',
      role: 'running',
    });
  });

  it.each([
    ['no kernel is known', []],
    ['none runs', [kernel({ running: false })]],
    ['the running one states no package version', [kernel({ release: '6.18.44', version: '' })]],
  ])('is null where %s', (_, kernels) => {
    expect(runningKernelElement(kernels, machine)).toBeNull();
  });
});
