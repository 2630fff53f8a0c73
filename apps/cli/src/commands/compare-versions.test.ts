import { describe, expect, it } from 'vitest';
import { runProgram } from '../testing/run-program.ts';
import { compareVersions } from './compare-versions.ts';

async function run(words: readonly string[], chunks: readonly string[] = []) {
  let written = '';
  const { printed, notes } = await runProgram([compareVersions], ['compare-versions', ...words], {
    input: async function* () {
      yield* chunks;
    },
    write: async (text) => {
      written += text;
    },
  });
  return { printed: written + printed, notes };
}

describe('compare-versions', () => {
  it.each([
    ['debian', '1.0~rc1', '1.0', '<'],
    ['Debian:12', '1.0', '1.0-0', '='],
    ['Rocky Linux', '1:1.0-1', '2.0-1', '>'],
    ['npm', '1.0.0-rc.1', '1.0.0', '<'],
    ['crates.io', '1.0.0', '1.0.0+build', '='],
    ['Alpine:v3.20', '1.0_p1', '1.0', '>'],
  ])('%s %s %s', async (ecosystem, a, b, sign) => {
    expect((await run([ecosystem, a, b])).printed).toBe(`${sign}\n`);
  });

  it('names the order it followed in JSON', async () => {
    expect(JSON.parse((await run(['pep440', '1.0', '1.0.0', '--json'])).printed)).toEqual({
      ecosystem: 'pypi',
      order: 'PEP 440',
      a: '1.0',
      b: '1.0.0',
      sign: '=',
    });
  });

  it('takes versions that look like options behind two hyphens', async () => {
    expect((await run(['maven', '--', '-1', '1'])).printed).toBe('>\n'.replace('>', '<'));
  });

  it('fails where one is no version', async () => {
    await expect(run(['pypi', '1.0', 'latest'])).rejects.toMatchObject({
      code: 'FAILURE',
      message: expect.stringContaining('latest'),
    });
  });

  it.each([
    [['debain', '1', '2'], 'did you mean debian'],
    [['plan9-from-outer-space', '1', '2'], 'there are alma'],
    [['debian', '1'], 'two versions'],
    [['debian', '1', '--batch'], 'either'],
  ])('refuses %j', async (words, message) => {
    await expect(run(words)).rejects.toMatchObject({ code: 'USAGE', message: expect.stringContaining(message) });
  });
});

describe('compare-versions --batch', () => {
  it('answers each line, wherever the chunks are cut', async () => {
    const text = '1.0\t1.1\n1.1\t1.0\r\n1.0\t1.0\n';
    for (let at = 0; at <= text.length; at += 1) {
      expect((await run(['debian', '--batch'], [text.slice(0, at), text.slice(at)])).printed).toBe('<\n>\n=\n');
    }
  });

  it('answers the last line without a line feed, and nothing with nothing', async () => {
    expect((await run(['debian', '--batch'], ['1\t2'])).printed).toBe('<\n');
    expect((await run(['debian', '--batch'], [])).printed).toBe('');
  });

  it('answers what is no pair of versions with an exclamation mark and goes on', async () => {
    const { printed, notes } = await run(['pypi', '--batch'], ['1.0\tlatest\n\n1.0\n1.0\t1.1\n']);
    expect(printed).toBe('!\n!\n!\n<\n');
    expect(notes).toEqual([
      expect.stringContaining('line 1: "1.0" or "latest"'),
      'line 2: the line has no tab',
      'line 3: the line has no tab',
    ]);
  });

  it('does not drown in reasons', async () => {
    const { printed, notes } = await run(['pypi', '--batch'], ['x\ty\n'.repeat(1000)]);
    expect(printed).toBe('!\n'.repeat(1000));
    expect(notes).toHaveLength(11);
    expect(notes.at(-1)).toBe('1000 of 1000 lines are not two versions');
  });

  it('prints one JSON object a line', async () => {
    const { printed } = await run(['npm', '--batch', '--json'], ['1.0.0\t2.0.0\n1\tx\n']);
    expect(
      printed
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { a: '1.0.0', b: '2.0.0', sign: '<' },
      { a: '1', b: 'x', sign: '!', reason: expect.stringContaining('x') },
    ]);
  });
});
