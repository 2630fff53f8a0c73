import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, privateCopy, privateCopyRefusal } from '@vedette/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const refusal = await privateCopyRefusal();
const mustRun = process.env['CI'] === 'true';

describe.skipIf(refusal !== null && !mustRun)(`a private copy${refusal === null ? '' : ` (skipped: ${refusal})`}`, () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'vedette-outside-'));
    writeFileSync(join(directory, 'file'), 'outside');
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('starts as the machine is, and keeps what is changed in it to itself', async () => {
    await using copy = await privateCopy();
    const script = 'cat "$1/file"; echo inside >"$1/file"; echo new >"$1/new"; rm -r /etc/apt; cat "$1/file"; pwd; ls /proc/1';
    expect(await copy.run('sh', ['-c', script, 'sh', directory])).toMatch(/^outsideinside\n\/\n/);
    expect(readFileSync(join(directory, 'file'), 'utf8')).toBe('outside');
    expect(readdirSync(directory)).toEqual(['file']);
    expect(existsSync('/etc/apt')).toBe(true);
  });

  it('shows the repository, but lets nobody write there', async () => {
    await using copy = await privateCopy();
    const repository = join(import.meta.dirname, '../..');
    await expect(copy.run('touch', [join(repository, 'package.json')])).rejects.toThrow(/Read-only file system/);
  });

  it('ends what still runs inside and leaves neither mounts nor folders, also after a failure', async () => {
    const before = leftovers();
    const marker = `vedette-${process.pid}-marker`;
    const failing = async () => {
      await using copy = await privateCopy();
      copy.start('sh', ['-c', 'trap "" TERM HUP; sleep 600 & wait', marker]);
      await eventually('the process inside', 60_000, () => (processesNamed(marker) > 1 ? true : null));
      await copy.run('false');
    };
    await expect(failing()).rejects.toThrow('false ended with 1');
    await eventually('the end of the process inside', 60_000, () => (processesNamed(marker) === 0 ? true : null));
    expect(leftovers()).toEqual(before);
  });
});

function leftovers() {
  return {
    folders: readdirSync(tmpdir()).filter((name) => name.startsWith('vedette-copy-')),
    mounts: readFileSync('/proc/self/mounts', 'utf8'),
  };
}

function processesNamed(marker: string): number {
  const commandLines = readdirSync('/proc').map((pid) => {
    try {
      return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : '';
    } catch {
      return ''; // it ended meanwhile
    }
  });
  return commandLines.filter((line) => line.includes(marker)).length;
}
