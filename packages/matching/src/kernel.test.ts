import { describe, expect, it } from 'vitest';
import { advisorySource, elementConfidence, isKernelImage, isKernelSource } from './kernel.ts';

describe('advisorySource', () => {
  it.each([
    ['linux-signed-amd64', '6.1.192+2', 'linux', '6.1.192-2'],
    ['linux-signed-arm64', '4.19.37+5+deb10u1', 'linux', '4.19.37-5+deb10u1'],
    ['linux-signed-amd64', '6.12~rc6+1~exp1', 'linux', '6.12~rc6-1~exp1'],
    ['linux-signed-amd64', '6.1.128+1~bpo11+1', 'linux', '6.1.128-1~bpo11+1'],
    ['linux-6.1-signed-amd64', '6.1.128+1~deb11u1', 'linux-6.1', '6.1.128-1~deb11u1'],
    ['linux', '6.1.187-1', 'linux', '6.1.187-1'],
    ['linux-signed', '5.15.0-100.110', 'linux', '5.15.0-100.110'],
    ['linux-signed-aws', '5.15.0-1050.55~20.04.1+1', 'linux-aws', '5.15.0-1050.55~20.04.1+1'],
    ['linux-signed-hwe-6.5', '6.5.0-15.15~22.04.1', 'linux-hwe-6.5', '6.5.0-15.15~22.04.1'],
    ['linux-base', '4.9+x', 'linux-base', '4.9+x'],
    ['grub-efi-amd64-signed', '1+2.06+13+deb12u1', 'grub-efi-amd64-signed', '1+2.06+13+deb12u1'],
    ['openssl', '3.0.11-1~deb12u2', 'openssl', '3.0.11-1~deb12u2'],
  ])('of %s %s is %s %s', (...[source, sourceVersion, advised, version]) => {
    expect(advisorySource({ source, sourceVersion })).toEqual({ source: advised, version });
  });
});

describe('isKernelImage', () => {
  it.each([
    ['linux-image-6.1.0-28-amd64', 'linux-signed-amd64', true],
    ['linux-image-6.1.0-28-amd64-unsigned', 'linux', true],
    ['linux-image-6.1.0-0.deb11.21-amd64', 'linux-6.1-signed-amd64', true],
    ['linux-modules-6.18.1-amd64', 'linux', true],
    ['linux-image-6.1.0-28-amd64-dbg', 'linux', false],
    ['linux-image-amd64', 'linux-signed-amd64', false],
    ['linux-headers-6.1.0-28-amd64', 'linux', false],
    ['linux-libc-dev', 'linux', false],
    ['linux-image-6.1.0-28-amd64', 'somebody-elses-kernel', false],
    ['linux-image-5.15.0-100-generic', 'linux-signed', true],
    ['linux-image-unsigned-5.15.0-1050-aws', 'linux-aws', true],
    ['linux-modules-extra-6.5.0-15-generic', 'linux-hwe-6.5', true],
    ['linux-aws', 'linux-meta-aws', false],
    ['linux-tools-common', 'linux', false],
    ['kernel-core', 'kernel', true],
    ['kernel-modules-extra', 'kernel', true],
    ['kernel-rt-core', 'kernel-rt', true],
    ['kernel-64k-debug-modules-core', 'kernel', true],
    ['kernel-default', 'kernel-default', true],
    ['kernel-headers', 'kernel', false],
    ['kernel-tools-libs', 'kernel', false],
    ['perf', 'kernel', false],
    ['linux-lts', 'linux-lts', true],
    ['linux-lts-dev', 'linux-lts', false],
  ])('%s of %s: %s', (name, source, expected) => {
    expect(isKernelImage({ name, source })).toBe(expected);
  });
});

describe('isKernelSource', () => {
  it.each([
    ['linux', true],
    ['linux-6.1', true],
    ['linux-signed-amd64', true],
    ['linux-base', false],
    ['linux-atm', false],
    ['util-linux', false],
    ['linux-hwe-6.5', true],
    ['linux-gke-5.0', true],
    ['linux-oem-osp1', true],
    ['linux-lts-xenial', true],
    ['linux-firmware', false],
    ['linux-ftpd-ssl', false],
    ['kernel', true],
    ['kernel-rt', true],
    ['kernel-firmware', false],
    ['kernel-srpm-macros', false],
  ])('%s: %s', (source, expected) => {
    expect(isKernelSource(source)).toBe(expected);
  });
});

describe('elementConfidence', () => {
  it.each([
    ['linux-image-6.1.0-28-amd64', 'linux', 'running', 'confirmed'],
    ['linux-image-6.1.0-28-amd64', 'linux-signed-amd64', 'dormant', 'information'],
    ['linux-libc-dev', 'linux', 'installed', 'information'],
    ['linux-perf', 'linux', 'installed', 'information'],
    ['linux-image-6.1.0-28-amd64', 'linux', 'installed', 'confirmed'],
    ['kernel-core', 'kernel', 'dormant', 'information'],
    ['kernel-core', 'kernel', 'installed', 'confirmed'],
    ['kernel-headers', 'kernel', 'installed', 'information'],
    ['linux-image-amd64', 'linux-signed-amd64', 'installed', 'information'],
    ['libssl3', 'openssl', 'installed', 'confirmed'],
    ['linux-base', 'linux-base', 'installed', 'confirmed'],
  ] as const)('%s of %s, %s: %s', (...[name, source, role, confidence]) => {
    expect(elementConfidence({ name, source, role })).toMatchObject({ confidence });
  });
});
