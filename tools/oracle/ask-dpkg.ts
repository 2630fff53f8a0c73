import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { askPeer } from './ask-peer.ts';
import type { VersionClaim } from './claims.ts';

export function isDpkgHere(): boolean {
  return spawnSync('dpkg', ['--version']).status === 0;
}

/**
 * Puts every claim to dpkg and returns those it contradicts: to its library, in one process, where a C compiler and libdpkg-dev are
 * here; else to `dpkg --compare-versions`, which is the same code at two milliseconds a pair. Versions must not hold tabs or newlines.
 */
export async function contradictedByDpkg(
  claims: readonly VersionClaim[],
  onAnswer: (answered: number) => void = () => {},
): Promise<readonly VersionClaim[]> {
  const directory = mkdtempSync(join(tmpdir(), 'vedette-oracle-'));
  try {
    const command = buildLibraryPeer(directory);
    return command === null
      ? await contradictedByProgram(claims, onAnswer)
      : (await askPeer({ command, args: [], isStrict: true }, claims)).contradicted;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Null where it cannot be built. */
function buildLibraryPeer(directory: string): string | null {
  const command = join(directory, 'dpkg-version');
  const source = join(import.meta.dirname, 'peers/dpkg-version.c');
  return spawnSync('cc', ['-O2', '-o', command, source, '-ldpkg']).status === 0 ? command : null;
}

/**
 * One shell asks for all of them; exactly one of lt, eq and gt is true of two versions, so one question each is enough.
 * dpkg drops the blank before the first one; without it a leading hyphen would make an option of it.
 */
export async function contradictedByProgram(
  claims: readonly VersionClaim[],
  onAnswer: (answered: number) => void = () => {},
): Promise<VersionClaim[]> {
  const script = 'while IFS="\t" read -r op a b; do dpkg --compare-versions " $a" "$op" "$b" 2>/dev/null; echo $?; done';
  const shell = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  const finished = new Promise<number | null>((resolve, reject) => {
    shell.once('error', reject);
    shell.once('close', resolve);
  });
  shell.stdin.end(claims.map(({ a, b, relation }) => `${relation === 'refused' ? 'eq' : relation}\t${a}\t${b}\n`).join(''));
  const contradicted: VersionClaim[] = [];
  let answered = 0;
  for await (const status of createInterface({ input: shell.stdout })) {
    const claim = claims[answered];
    if (!claim) throw new Error('dpkg gave more answers than there were questions');
    // 0: the relation holds; 1: it does not; 2: a version is bad.
    if (status !== (claim.relation === 'refused' ? '2' : '0')) contradicted.push(claim);
    answered += 1;
    onAnswer(answered);
  }
  const exitCode = await finished;
  if (exitCode !== 0 || answered !== claims.length) {
    throw new Error(`the shell that asks dpkg ended with ${exitCode} after ${answered} of ${claims.length} answers`);
  }
  return contradicted;
}
