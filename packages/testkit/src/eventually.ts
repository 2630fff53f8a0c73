import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 100;

/**
 * Asks again until there is an answer other than null; errors count as none. Throws after `patienceMs`, naming what was waited
 * for and what went wrong last.
 */
export async function eventually<Answer>(
  what: string,
  patienceMs: number,
  ask: () => Promise<Answer | null> | Answer | null,
): Promise<Answer> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    let problem: unknown = null;
    try {
      const answer = await ask();
      if (answer !== null) return answer;
    } catch (error) {
      problem = error;
    }
    if (performance.now() > deadline) throw new Error(`${what}: not within ${patienceMs / 1000} s`, { cause: problem });
    await delay(pollMs);
  }
}
