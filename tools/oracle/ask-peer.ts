import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { VersionClaim } from './claims.ts';

/** A program that reads lines "A<TAB>B" and answers each with <, =, > or, where one is no version to it, "!". */
export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What it refuses must be no version to us either. */
  readonly isStrict?: boolean;
}

export interface Answer {
  readonly contradicted: readonly VersionClaim[];
  /** Pairs that we order although the peer calls one of them no version: advisories are less strict than tools. */
  readonly beyondPeer: number;
}

/** Whether the peer answers a first question. */
export function isPeerHere({ command, args, environment }: PeerCommand): boolean {
  const answer = spawnSync(command, args, {
    input: 'v1.0.0\tv1.0.0\n',
    encoding: 'utf8',
    env: { ...process.env, ...environment },
  });
  return answer.status === 0 && /^[=!]$/m.test(answer.stdout);
}

/** Puts every claim to the peer, in one process. Versions must not hold tabs or newlines. */
export async function askPeer(peer: PeerCommand, claims: readonly VersionClaim[]): Promise<Answer> {
  const child = spawn(peer.command, peer.args, {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, ...peer.environment },
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  child.stdin.end(claims.map(({ a, b }) => `${a}\t${b}\n`).join(''));
  const contradicted: VersionClaim[] = [];
  let answered = 0;
  let beyondPeer = 0;
  const signs = { lt: '<', eq: '=', gt: '>', refused: '!' } as const;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === '') continue; // rpm ends its output with one
    const claim = claims[answered];
    if (!claim) throw new Error(`${peer.command} gave more answers than there were questions`);
    if (line === '!' && claim.relation !== 'refused' && !peer.isStrict) beyondPeer += 1;
    else if (line !== signs[claim.relation]) contradicted.push(claim);
    answered += 1;
  }
  const exitCode = await ended;
  if (exitCode !== 0 || answered !== claims.length) {
    throw new Error(`${peer.command} ended with ${exitCode} after ${answered} of ${claims.length} answers`);
  }
  return { contradicted, beyondPeer };
}
