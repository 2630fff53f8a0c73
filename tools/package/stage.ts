import { hash } from 'node:crypto';
import { chmod, copyFile, mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bashCompletion } from '../../apps/agent/src/commands/completion.ts';
import { commandHelp } from '../../apps/agent/src/command-line.ts';
import { agentVersion } from '../../apps/agent/src/config.ts';
import { buildAgent } from '../build-agent.ts';
import { type Architecture, architectureNames } from './architecture.ts';
import { PackageError } from './package-error.ts';
import { runTool } from './run-tool.ts';
import { withoutLibatomic } from './without-libatomic.ts';

const repository = resolve(import.meta.dirname, '../..');
export const deployFolder = join(repository, 'deploy/agent');

/** The files of every format, laid out as they will lie on the machine. `epoch`: seconds since 1970, the date in the documents. */
export async function stageAgent(root: string, architecture: Architecture, epoch: number): Promise<void> {
  const lib = join(root, 'usr/lib/vedette-agent');
  await mkdir(lib, { recursive: true });
  await buildAgent(join(lib, 'agent.mjs'));
  await stageRuntime(join(lib, 'node'), architecture);
  await Promise.all([
    place('vedette-agent', join(root, 'usr/sbin/vedette-agent'), 0o755),
    place('vedette-agent.service', join(root, 'usr/lib/systemd/system/vedette-agent.service'), 0o644),
    place('supervise', join(lib, 'supervise'), 0o755),
    place('configure', join(lib, 'configure'), 0o755),
    place('agent.conf', join(lib, 'agent.conf'), 0o644),
    stageDocuments(root, architecture, epoch),
    stageRelease(lib),
  ]);
  await chmod(join(lib, 'agent.mjs'), 0o644);
  const completions = join(root, 'usr/share/bash-completion/completions');
  await mkdir(completions, { recursive: true });
  await writeFile(join(completions, 'vedette-agent'), `${bashCompletion()}\n`, { mode: 0o644 });
}

/** Which version this is, exactly: the launcher and the upgrade tell by it whether another package was installed. */
async function stageRelease(lib: string): Promise<void> {
  const [code, runtime] = await Promise.all(
    ['agent.mjs', 'node'].map(async (name) => hash('sha256', await readFile(join(lib, name)))),
  );
  await writeFile(join(lib, 'release'), `${agentVersion} ${code} ${runtime}\n`, { mode: 0o644 });
}

/** Where agents of this package begin to follow signed releases. Throws PackageError for a file that is no root. */
export async function stageRoot(root: string, file: string): Promise<void> {
  const bytes = await readFile(file);
  try {
    const { signed } = JSON.parse(bytes.toString('utf8')) as { signed: { _type: string } }; // judged here, and again by each agent
    if (signed._type !== 'root') throw new Error(`it is ${signed._type}`);
  } catch (error) {
    throw new PackageError('USAGE', `${file} is no root of signed releases`, { cause: error });
  }
  await writeFile(join(root, 'usr/lib/vedette-agent/root.json'), bytes, { mode: 0o644 });
}

export async function place(name: string, to: string, mode: number): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  await copyFile(join(deployFolder, name), to);
  await chmod(to, mode);
}

/** Bytes of all files below `root`, as dpkg's Installed-Size and people want to know. */
export async function bytesBelow(root: string): Promise<number> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const sizes = entries.flatMap((entry) => (entry.isFile() ? [stat(join(entry.parentPath, entry.name))] : []));
  return (await Promise.all(sizes)).reduce((sum, { size }) => sum + size, 0);
}

/** Node as npm brings it, without symbols (33 MB), and without the need for a library that minimal systems lack. */
export async function stageRuntime(to: string, architecture: Architecture, folder = runtimeFolder(architecture)): Promise<void> {
  const node = join(folder, 'bin/node');
  const strip = architecture === process.arch ? 'strip' : architectureNames[architecture].strip;
  await runTool(strip, ['--strip-all', '--remove-section=.comment', '-o', `${to}.new`, node], { from: 'binutils' });
  if (architecture === 'x64') await writeFile(`${to}.new`, withoutLibatomic(await readFile(`${to}.new`)));
  await chmod(`${to}.new`, 0o755);
  await rename(`${to}.new`, to);
}

export function runtimeFolder(architecture: Architecture): string {
  try {
    return dirname(createRequire(join(repository, 'package.json')).resolve(`node-linux-${architecture}/package.json`));
  } catch (error) {
    const install = `npm install --no-save --force --os=linux --cpu=${architecture}`;
    throw new PackageError('RUNTIME', `node-linux-${architecture} is not installed: ${install}`, { cause: error });
  }
}

async function stageDocuments(root: string, architecture: Architecture, epoch: number): Promise<void> {
  const doc = join(root, 'usr/share/doc/vedette-agent');
  const man = join(root, 'usr/share/man/man8');
  await Promise.all([mkdir(doc, { recursive: true }), mkdir(man, { recursive: true })]);
  const date = new Date(epoch * 1000);
  const page = (await readFile(join(deployFolder, 'vedette-agent.8'), 'utf8'))
    .replace('@DATE@', date.toISOString().slice(0, 10))
    .replace('@VERSION@', agentVersion)
    .replace('@COMMANDS@', () => manCommands());
  const changelog = `vedette-agent (${agentVersion}) stable; urgency=medium\n\n  * See the release notes.\n\n -- ${maintainer}  ${rfc5322(date)}\n`;
  await Promise.all([
    place('copyright', join(doc, 'copyright'), 0o644),
    writeFile(join(doc, 'changelog.gz'), gzip(changelog)),
    writeFile(join(doc, 'node-licenses.gz'), gzip(await readFile(join(runtimeFolder(architecture), 'LICENSE')))),
    writeFile(join(man, 'vedette-agent.8.gz'), gzip(page)),
  ]);
}

export const maintainer = 'Vedette authors <maintainers@vedette.example>';

function gzip(content: string | Buffer): Buffer {
  return gzipSync(content, { level: 9 }); // Node writes no time into the header, so the bytes depend on the content alone
}

function manCommands(): string {
  const entries = Object.entries(commandHelp as Record<string, { summary: string }>);
  return entries.map(([name, { summary }]) => `.TP\n.B ${name.replaceAll('-', String.raw`\-`)}\n${summary}`).join('\n');
}

/** RFC 5322 §3.3, as debian/changelog wants it: Sun, 22 Nov 2026 06:00:00 +0000. */
export function rfc5322(date: Date): string {
  return date.toUTCString().replace('GMT', '+0000');
}
