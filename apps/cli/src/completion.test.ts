import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Holds a `vedette` for shells to call. */
const directory = mkdtempSync(join(tmpdir(), 'vedette-completion-'));

beforeAll(() => {
  const program = join(directory, 'vedette');
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${join(import.meta.dirname, 'main.ts')}' "$@"\n`);
  chmodSync(program, 0o755);
});
afterAll(() => rmSync(directory, { recursive: true }));

function has(shell: string): boolean {
  return spawnSync(shell, ['-c', 'true']).status === 0;
}

/** What a script prints in a shell that reads no file of its user. */
function printed(command: string, ...words: string[]): { lines: string[]; stderr: string } {
  const env = { HOME: directory, PATH: `${directory}:${process.env['PATH']}`, TERM: 'dumb' };
  const { stdout, stderr } = spawnSync(command, words, { encoding: 'utf8', env, timeout: 100_000 });
  return { lines: stdout.trimEnd().split('\n'), stderr };
}

it('completes in a bash that has no other completions', () => {
  const script = `
    source <(vedette completion bash)
    compopt() { :; } # which only works while somebody presses Tab
    complete_words() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); __vedette_complete; echo "\${COMPREPLY[@]}"; }
    complete_words vedette ass
    complete_words vedette checks s
    complete_words vedette assets list -o j`;
  expect(printed('bash', '--norc', '-c', script)).toEqual({ lines: ['assets', 'show', 'json jsonl'], stderr: '' });
});

it.skipIf(!has('fish'))('completes in fish, with what each word means', () => {
  const script = `
    vedette completion fish | source
    complete -C 'vedette ass'
    complete -C 'vedette checks s'
    complete -C 'vedette assets list -o j'`;
  const { lines, stderr } = printed('fish', '--no-config', '-c', script);
  expect(stderr).toBe('');
  expect(lines.filter((line) => line !== '')).toEqual([
    'assets\tMachines: what is on them, and what happened to them.',
    expect.stringMatching(/^show\tShow one check of the platform/),
    'json',
    'jsonl',
  ]);
});

it.skipIf(!has('zsh'))('completes in zsh when Tab is pressed', () => {
  // A terminal of its own, in which a key completes and then tells what the line has become.
  const script = `
    zmodload zsh/zpty
    zpty shell "zsh -f -i"
    zpty -w shell 'PS1=; autoload -Uz compinit; compinit -u -D; source <(vedette completion zsh)
      tell() { zle complete-word; print -r -- "LINE""<$BUFFER>"; BUFFER=; }; zle -N tell; bindkey "^X" tell; print REA""DY'
    zpty -r shell out '*READY*'
    for line in 'vedette ass' 'vedette checks s' 'vedette assets list -o y'; do
      zpty -n -w shell "$line"$'\\C-X'
      zpty -r shell out '*LINE<*>*'
      print -r -- "\${\${out##*LINE<}%%>*}"
    done
    zpty -d shell`;
  expect(printed('zsh', '-f', '-c', script)).toEqual({
    lines: ['vedette assets ', 'vedette checks show ', 'vedette assets list -o yaml'],
    stderr: '',
  });
});
