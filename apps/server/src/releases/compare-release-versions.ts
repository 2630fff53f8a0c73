/** Orders our own versions: numbers of `1.2.3` one by one, then what follows a hyphen, where none is newer than some (semver 2.0 §11, shortened). */
export function compareReleaseVersions(a: string, b: string): number {
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.numbers.length, right.numbers.length); index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return Math.sign(difference);
  }
  if (left.rest === right.rest) return 0;
  if (left.rest === '' || right.rest === '') return left.rest === '' ? 1 : -1;
  return Math.sign(left.rest.localeCompare(right.rest, 'en', { numeric: true }));
}

function parts(version: string): { numbers: number[]; rest: string } {
  const hyphen = version.indexOf('-');
  const [head, rest] = hyphen < 0 ? [version, ''] : [version.slice(0, hyphen), version.slice(hyphen + 1)];
  return { numbers: head.split('.').map((part) => Number.parseInt(part, 10) || 0), rest };
}
