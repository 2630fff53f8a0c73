import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
/** The last commit before agents could upgrade themselves. */
const commit = '9f0a934b3a0f59e01850c40bf8ed6e2149697486';

/** Why such an agent cannot be built here; null when it can: a clone may lack the history. */
export function earlyAgentRefusal(): string | null {
  try {
    execFileSync('git', ['cat-file', '-e', `${commit}^{commit}`], { cwd: repository, stdio: 'ignore' });
    return null;
  } catch {
    return 'the history does not go back to it';
  }
}

/** The agent's bundle and launcher as they were before agents could upgrade themselves, built from that commit. */
export function buildEarlyAgent(): { readonly code: Buffer; readonly launcher: Buffer } {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-early-'));
  try {
    execFileSync(
      'sh',
      [
        '-c',
        `git archive ${commit} apps packages tools deploy package.json tsconfig.base.json | tar -x -C "$1"`,
        'sh',
        directory,
      ],
      {
        cwd: repository,
      },
    );
    const modules = join(directory, 'node_modules');
    mkdirSync(join(modules, '@vedette'), { recursive: true });
    for (const name of readdirSync(join(repository, 'node_modules')))
      if (name !== '@vedette') symlinkSync(join(repository, 'node_modules', name), join(modules, name));
    for (const name of readdirSync(join(directory, 'packages')))
      symlinkSync(join(directory, 'packages', name), join(modules, '@vedette', name));
    execFileSync(process.execPath, ['--no-warnings', join(directory, 'tools/build-agent.ts')], { cwd: directory, stdio: 'pipe' });
    const read = (name: string): Buffer => readFileSync(join(directory, name));
    return { code: read('.build/agent/agent.mjs'), launcher: read('deploy/agent/vedette-agent') };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
