import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const repository = join(import.meta.dirname, '..');
const rules = readFileSync(join(repository, 'docs/matching-rules.md'), 'utf8')
  .split('\n')
  .flatMap((line) => {
    const [, name, file, test] = /\| `(\w+)` in `([^`]+)` +\| `([^`]+)` +\|/.exec(line) ?? [];
    return name && file && test ? [{ name, file, test }] : [];
  });

it('docs/matching-rules.md names the rules', () => expect(rules.length).toBeGreaterThan(20));

describe.each(rules)('$name in $file', ({ name, file, test }) => {
  it('is a documented function', () => {
    expect(readFileSync(join(repository, file), 'utf8')).toMatch(new RegExp(`\\*/\\nexport function ${name}\\b`));
  });

  it(`is tested in ${test}, by name or through the door that uses it`, () => {
    expect(existsSync(join(repository, test))).toBe(true);
    const text = readFileSync(join(repository, test), 'utf8');
    expect(text).toMatch(new RegExp(`\\b${name}\\b|makeProgram|buildChecks|runFeed|parse\\(|peers`));
  });
});
