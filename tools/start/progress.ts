/** Runs one step and says on stderr that it began, once it takes longer than a second, and how long it took. */
export async function step<Result>(title: string, work: () => Promise<Result>): Promise<Result> {
  const started = performance.now();
  const announce = setTimeout(() => say(`${title} …`), 1000);
  try {
    const result = await work();
    const seconds = (performance.now() - started) / 1000;
    if (seconds >= 1) say(`${title}: done in ${seconds.toFixed(1)} s`);
    return result;
  } finally {
    clearTimeout(announce);
  }
}

export function say(message: string): void {
  process.stderr.write(`${message}\n`);
}
