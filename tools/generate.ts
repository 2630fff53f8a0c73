import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { feeds } from '@vedette/feeds';
import { agentProblemCodes, apiErrorCodes, endpoints, facts, limits } from '@vedette/protocol';
import { numberSettings, otherSettings } from '../apps/agent/src/governor/settings.ts';
import { commands } from '../apps/cli/src/commands/index.ts';

const folder = join(import.meta.dirname, '../docs/generated');
const heading = (title: string): string => `<!-- Made by npm run generate; do not edit. -->\n\n# ${title}\n\n`;

function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |\n`;
  return line(headings) + line(headings.map(() => '---')) + rows.map(line).join('');
}

function collectorPages(): string {
  const all = Object.values(facts).toSorted((a, b) => a.name.localeCompare(b.name, 'en'));
  return all
    .map((fact) => {
      const columns = Object.entries(fact.row.shape).map(([name, type]) => [
        `\`${name}\``,
        (fact.key as readonly string[]).includes(name) ? 'yes' : '', // a key holds names of columns
        type.meta()?.description ?? '',
      ]);
      return `## ${fact.name}\n\n${fact.describes} Version ${fact.version}.\n\n${table(['column', 'key', 'meaning'], columns)}\n`;
    })
    .join('');
}

function endpointRows(): string[][] {
  return Object.values(endpoints).map(({ name, method, path, permission, summary, errors }) => [
    `\`${method} /api/v1${path}\``,
    name,
    permission,
    summary,
    errors.join(', '),
  ]);
}

function settingRows(): string[][] {
  const numbers = Object.entries(numberSettings).map(([name, { default: byDefault, min, max, unit, meaning }]) => [
    `\`${name}\``,
    `${byDefault} ${unit}`,
    String(min),
    String(max),
    meaning,
  ]);
  const others = Object.entries(otherSettings).map(([name, { default: byDefault, meaning }]) => [
    `\`${name}\``,
    JSON.stringify(byDefault),
    '',
    '',
    meaning,
  ]);
  return [...numbers, ...others];
}

/** Names under which a feed's files are looked for in a directory, and where they come from. */
function feedRows(): string[][] {
  return feeds.map(({ name, describes, files, home, onDemand }) => [
    `\`${name}\``,
    describes,
    files.map(({ pattern }) => `\`${pattern}\``).join(', '),
    [...new Set([...files.flatMap(({ url }) => url ?? []), ...(home === undefined ? [] : [home])])]
      .map((one) => `<${one}>`)
      .join(' '),
    files.every(({ url }) => url === null) ? 'from files' : onDemand ? 'on demand' : 'always',
  ]);
}

/** Everything in docs/generated: file name and text. */
export function generatedDocuments(): Map<string, string> {
  return new Map([
    ['collectors.md', heading('Facts that collectors report') + collectorPages()],
    ['endpoints.md', heading('Endpoints') + table(['address', 'name', 'permission', 'what', 'errors'], endpointRows())],
    [
      'limits-and-errors.md',
      `${heading('Limits and error codes')}${table(
        ['limit', 'value'],
        Object.entries(limits).map(([name, value]) => [name, String(value)]),
      )}
API: ${apiErrorCodes.join(', ')}

Agent interface: ${agentProblemCodes.join(', ')}
`,
    ],
    ['feeds.md', heading('Feeds') + table(['feed', 'what', 'files', 'official address', 'fetched'], feedRows())],
    [
      'agent-settings.md',
      heading('Settings of the agent') + table(['setting', 'default', 'least', 'most', 'meaning'], settingRows()),
    ],
    [
      'commands.md',
      heading('Commands') +
        table(
          ['command', 'what', 'example'],
          commands.map((one) => [`\`vedette ${one.name}${one.args ? ` ${one.args}` : ''}\``, one.summary, `\`${one.example}\``]),
        ),
    ],
  ]);
}

if (import.meta.main) {
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of generatedDocuments()) writeFileSync(join(folder, file), text);
}
