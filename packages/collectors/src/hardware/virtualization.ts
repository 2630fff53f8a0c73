/** What can be seen of the machine around the system. Texts are as read, untrimmed fields trimmed, missing ones empty. */
export interface Surroundings {
  readonly vendor: string;
  readonly product: string;
  readonly hasHypervisor: boolean;
  /** Content of /run/systemd/container. */
  readonly containerManager: string;
  /** `container=` of the environment of process 1, as container managers set it. */
  readonly containerVariable: string;
  readonly hasDockerFile: boolean;
  readonly hasPodmanFile: boolean;
}

// Starts of DMI's vendor or product, and the name systemd-detect-virt(1) gives the same thing.
const hypervisors: readonly (readonly [string, string])[] = [
  ['KVM', 'kvm'],
  ['QEMU', 'qemu'],
  ['VMware', 'vmware'],
  ['VMW', 'vmware'],
  ['innotek GmbH', 'oracle'],
  ['VirtualBox', 'oracle'],
  ['Xen', 'xen'],
  ['Bochs', 'bochs'],
  ['Parallels', 'parallels'],
  ['OpenStack', 'kvm'],
  ['Google Compute Engine', 'google'],
  ['Apple Virtualization', 'apple'],
];

/** Container before virtual machine, as the innermost one is what the system runs in; empty on bare metal or when unknown. */
export function virtualization(around: Surroundings): string {
  if (around.containerManager !== '') return around.containerManager;
  if (around.containerVariable !== '') return around.containerVariable;
  if (around.hasPodmanFile) return 'podman';
  if (around.hasDockerFile) return 'docker';
  return virtualMachine(around);
}

function virtualMachine({ vendor, product, hasHypervisor }: Surroundings): string {
  const known = hypervisors.find(([start]) => vendor.startsWith(start) || product.startsWith(start));
  // QEMU without acceleration has no hypervisor bit; with it, it is KVM.
  if (known !== undefined) return known[1] === 'qemu' && hasHypervisor ? 'kvm' : known[1];
  // The same vendor also sells or rents bare machines, which carry other product names.
  if (vendor === 'Microsoft Corporation' && product === 'Virtual Machine') return 'microsoft';
  if (vendor === 'Amazon EC2' && !product.includes('.metal')) return 'amazon';
  return hasHypervisor ? 'vm-other' : '';
}

/** Value of `container` in a NUL-separated environment, proc_pid_environ(5). */
export function containerVariable(environment: string): string {
  const entry = environment.split('\0').find((each) => each.startsWith('container='));
  return entry?.slice('container='.length) ?? '';
}
