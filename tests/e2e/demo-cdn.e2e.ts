import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nginxRefusal } from '@vedette/testkit';
import { expect, it } from 'vitest';

const refusal = process.getuid?.() === 0 ? nginxRefusal() : 'skipped: not root';
const demo = join(import.meta.dirname, '../../tools/demo/cdn.ts');

it.skipIf(refusal !== null)(
  `shows agents of three regions that upgrade while edges die and lie${refusal === null ? '' : ` (${refusal})`}`,
  async () => {
    const shown = promisify(execFile)(process.execPath, [demo, '--json'], { maxBuffer: 1024 * 1024 });
    const { stdout } = await shown.catch((error: unknown) => error as { stdout: string }); // what it said tells more than its exit code
    const { problem, proofs } = JSON.parse(stdout) as { problem: string | null; proofs: { isSeen: boolean }[] }; // our own program
    expect([problem, ...proofs.filter(({ isSeen }) => !isSeen)]).toEqual([null]);
    expect(proofs).toHaveLength(10);
    expect(shown.child.exitCode).toBe(0);
  },
);
