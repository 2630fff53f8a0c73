/**
 * Locks that package managers hold for the whole of a run: apt and other front ends around several runs of dpkg, dpkg itself, and
 * rpm with its database in either place.
 */
export const packageManagerLocks = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/rpm/.rpm.lock',
  '/usr/lib/sysimage/rpm/.rpm.lock',
] as const;
