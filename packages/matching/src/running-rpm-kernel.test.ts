import { describe, expect, it } from 'vitest';
import { runningKernelElement } from './inventory-element.ts';

const kernels = (release: string) => [
  { release: '9.9.9-9.el9.x86_64', running: false, version: '', banner: '' },
  { release, running: true, version: '', banner: '' },
];

describe('the running kernel of a distribution with rpm', () => {
  it.each([
    ['almalinux', '5.14.0-362.8.1.el9_3.x86_64', 'kernel', '5.14.0-362.8.1.el9_3'],
    ['oracle', '5.15.0-101.103.2.1.el8uek.aarch64', 'kernel-uek', '5.15.0-101.103.2.1.el8uek'],
    ['fedora', '6.5.6-300.fc39.x86_64', 'kernel', '6.5.6-300.fc39'],
  ])('of %s, %s, is %s %s', (ecosystem, release, name, version) => {
    expect(runningKernelElement(kernels(release), { ecosystem, release: '9', architecture: 'amd64' })).toMatchObject({
      ecosystem,
      name,
      version,
      role: 'running',
    });
  });

  it.each(['6.1.0-28-amd64', '6.18.44', '', '6.1.0-1-generic.x86_64', '6.1.0-custom.x86_64'])('%j is nobody’s', (release) => {
    expect(runningKernelElement(kernels(release), { ecosystem: 'almalinux', release: '9', architecture: 'amd64' })).toBeNull();
  });
});
