/** `npm run package`: the agent as .deb, .rpm and tarball. Needs no root. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Architecture, architectures } from './architecture.ts';
import { type PackageFormat, packageFormats } from './formats.ts';
import { products, ReleaseVersion } from '../../packages/protocol/src/index.ts';
import { makePackages } from './make-packages.ts';
import { makeTargets } from './make-targets.ts';
import { PackageError } from './package-error.ts';

const help = `Builds the agent's packages. Needs dpkg-deb (.deb), rpmbuild (.rpm), strip, tar and gzip; no root, no network.

Usage: npm run package -- [--out DIR] [--formats deb,rpm,tar] [--arch x64|arm64] [--root FILE] [--fast] [--json]
       npm run package -- --targets [--out DIR] [--arch x64|arm64] [--products agent,runtime] [--deltas-from REPOSITORY]

  --out DIR        where the files go (default: .build/packages, from where a platform of this checkout offers them)
  --formats LIST   some of deb, rpm, tar (default: all)
  --arch ARCH      processor of the target (default: this machine's; its node-linux-ARCH package must be installed)
  --root FILE      root of signed releases (root.json) for the packages to carry: agents trust it before that of any platform
  --fast           compress little: for trying out, twice as large
  --json           print one JSON object: version, and each file with format, bytes and sha256
  --targets        what upgrades consist of instead: code bundle and runtime, for "vedette release add" (default --out: .build/targets)
  --products LIST  some of agent, runtime (default: both)
  --deltas-from R  also the way from each of the three newest releases of this repository; needs zstd
  --as VERSION     version that the code says it is, for trying out upgrades
  --help           this text

The same commit gives the same bytes. Exit code 0: all made; 1: one could not be made, the message says why; 2: wrong use.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      out: { type: 'string' },
      formats: { type: 'string', default: packageFormats.join(',') },
      arch: { type: 'string', default: process.arch },
      root: { type: 'string' },
      fast: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      targets: { type: 'boolean', default: false },
      products: { type: 'string', default: products.join(',') },
      'deltas-from': { type: 'string' },
      as: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const formats = values.formats.split(',').map((name) => oneOf(packageFormats, name, '--formats')) satisfies PackageFormat[];
  const architecture: Architecture = oneOf(architectures, values.arch, '--arch');
  const out = resolve(values.out ?? join(import.meta.dirname, '../../.build', values.targets ? 'targets' : 'packages'));
  await mkdir(out, { recursive: true });
  const progress = (text: string): void => void process.stderr.write(`package: ${text}\n`);
  if (values.targets) {
    const built = await makeTargets({
      out,
      architecture,
      products: values.products.split(',').map((name) => oneOf(products, name, '--products')),
      repository: values['deltas-from'] === undefined ? null : resolve(values['deltas-from']),
      deltas: 3,
      version: values.as === undefined ? null : ReleaseVersion.parse(values.as),
      fast: values.fast,
      progress,
    });
    if (values.json) process.stdout.write(`${JSON.stringify({ out, targets: built })}\n`);
    else for (const { file, bytes } of built) process.stdout.write(`${join(out, file)}  ${bytes} bytes\n`);
    return 0;
  }
  const { version, files, problems } = await makePackages({
    out,
    formats,
    architecture,
    root: values.root === undefined ? null : resolve(values.root),
    fast: values.fast,
    progress,
  });
  if (values.json) process.stdout.write(`${JSON.stringify({ version, architecture, out, files })}\n`);
  else
    for (const file of files)
      process.stdout.write(`${join(out, file.name)}  ${(file.bytes / 1e6).toFixed(1)} MB  ${file.sha256}\n`);
  for (const problem of problems) process.stderr.write(`package: ${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

function oneOf<Name extends string>(known: readonly Name[], name: string, option: string): Name {
  const found = known.find((one) => one === name);
  if (found === undefined) throw new PackageError('USAGE', `${option}: "${name}" is none of ${known.join(', ')}`);
  return found;
}

try {
  process.exitCode = await main();
} catch (error) {
  const wrongUse =
    (error instanceof PackageError && error.code === 'USAGE') ||
    (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS'));
  process.stderr.write(`package: ${(error as Error).message}\n`);
  process.exitCode = wrongUse ? 2 : 1;
}
