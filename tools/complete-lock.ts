import { readFileSync, writeFileSync } from 'node:fs';

/**
 * Adds to package-lock.json the optional packages of other platforms that npm left out because the registry in reach does not carry
 * them. `npm ci` refuses a lock file without them, although it would never install them here. Run it after `npm install`.
 */
export interface LockedPackage {
  version?: string;
  resolved?: string;
  link?: boolean;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'wasm32', 'win32'];
const processors = ['arm64', 'arm', 'ia32', 'loong64', 'ppc64', 'riscv64', 's390x', 'x64'];

function platformOf(name: string): Pick<LockedPackage, 'os' | 'cpu' | 'libc'> | null {
  const words = name.split('/').at(-1)?.split('-') ?? [];
  const system = systems.find((candidate) => words.includes(candidate));
  if (system === 'wasm32') return { cpu: ['wasm32'] };
  const processor = processors.find((candidate) => words.includes(candidate));
  if (!system || !processor) return null;
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : words.includes('gnu') ? ['glibc'] : undefined;
  return { os: [system], cpu: [processor], ...(libc ? { libc } : {}) };
}

/** Names of optional packages that some locked package lists and the lock file does not hold. */
export function missingOptional(packages: Record<string, LockedPackage>): { name: string; version: string; dev: boolean }[] {
  const missing = new Map<string, { name: string; version: string; dev: boolean }>();
  for (const [path, locked] of Object.entries(packages)) {
    for (const [name, version] of Object.entries(locked.optionalDependencies ?? {})) {
      const nested = `${path}/node_modules/${name}` in packages;
      if (!nested && !(`node_modules/${name}` in packages)) missing.set(name, { name, version, dev: locked.dev === true });
    }
  }
  return [...missing.values()];
}

if (import.meta.main) {
  const file = new URL('../package-lock.json', import.meta.url);
  const lock = JSON.parse(readFileSync(file, 'utf8')) as { packages: Record<string, LockedPackage> }; // npm wrote it
  for (const { name, version, dev } of missingOptional(lock.packages)) {
    const platform = platformOf(name);
    if (!platform) throw new Error(`${name}: cannot tell its platform from its name; add it to package-lock.json by hand`);
    lock.packages[`node_modules/${name}`] = { version, ...platform, ...(dev ? { dev } : {}), optional: true };
    process.stderr.write(`added ${name} ${version}\n`);
  }
  const sorted = Object.entries(lock.packages).toSorted(([a], [b]) => a.localeCompare(b, 'en'));
  lock.packages = Object.fromEntries(sorted);
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
}
