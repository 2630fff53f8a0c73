import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildParserFile } from '@lezer/generator';
import { feeds, matchesSource } from '@vedette/feeds';
import { agentProblemCodes, apiErrorCodes, endpoints, facts, limits, numberSettings, otherSettings } from '@vedette/protocol';
import { releaseErrorCodes } from '@vedette/release';
import { entities, type Entity } from '@vedette/query';
import { allCommands } from '../apps/cli/src/commands/index.ts';
import { placements, preparation } from '../apps/server/src/db/distribution.ts';

const commands = await allCommands();
const folder = join(import.meta.dirname, '../docs/generated');
const queryRoom = join(import.meta.dirname, '../packages/query/src');
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
  const numbers = Object.entries(numberSettings).map(([name, { label, default: byDefault, min, max, unit, meaning }]) => [
    `\`${name}\``,
    label,
    `${byDefault} ${unit}`,
    String(min),
    String(max),
    meaning,
  ]);
  const others = Object.entries(otherSettings).map(([name, { label, default: byDefault, meaning }]) => [
    `\`${name}\``,
    label,
    JSON.stringify(byDefault),
    '',
    '',
    meaning,
  ]);
  return [...numbers, ...others];
}

/** Names under which a feed's files are looked for in a directory, and where they come from. */
function feedRows(): string[][] {
  return feeds.map(({ name, describes, files, home, onDemand, changes }) => {
    const patterns = files.map(({ pattern }) => pattern);
    // One with a star stands for those that it takes in.
    const shown = files.filter(
      ({ pattern }) =>
        !files.some((other) => other.pattern !== pattern && other.pattern.includes('*') && matchesSource(other, pattern)),
    );
    const addresses = [
      ...new Set([...files.flatMap(({ url }) => url ?? []), ...(changes ? [changes.list.url] : []), ...(home ? [home] : [])]),
    ];
    const whole = files.some(({ url }) => url !== null);
    const how = onDemand ? 'on demand' : 'always';
    return [
      `\`${name}\``,
      describes,
      (shown.length > 0 ? shown.map(({ pattern }) => pattern) : patterns).map((pattern) => `\`${pattern}\``).join(', '),
      shortened(addresses.map((one) => `<${one}>`)),
      whole ? how : changes ? `${how}, by its list of changes` : 'from files',
    ];
  });
}

const shownAddresses = 3;

function shortened(addresses: readonly string[]): string {
  const more = addresses.length - shownAddresses;
  return [...addresses.slice(0, shownAddresses), ...(more > 0 ? [`and ${more} more`] : [])].join(' ');
}

function queryFields({ name, describes, fields, searched }: Entity): string {
  const rows = fields.map((field) => [
    `\`${field.name}\``,
    field.choices?.join(', ') ?? field.type,
    field.describes,
    `\`${field.example}\``,
  ]);
  const alone = `A word without a field is looked for in ${searched.join(' and ')}.`;
  return `## ${name}\n\n${describes}. ${alone}\n\n${table(['field', 'values', 'meaning', 'example'], rows)}\n`;
}

/** Puts each table in its place. */
function citusStatements(): string {
  return [...preparation, ...placements()].map((statement) => `${statement};\n`).join('');
}

/** The parser of the query language, of which only the grammar is written by hand. */
export function generatedQueryParser(): string {
  const file = join(queryRoom, 'query.grammar');
  return buildParserFile(readFileSync(file, 'utf8'), { fileName: file, typeScript: true }).parser;
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

Releases (\`vedette release\`, upgrades): ${releaseErrorCodes.join(', ')}

Agent interface: ${agentProblemCodes.join(', ')}
`,
    ],
    ['feeds.md', heading('Feeds') + table(['feed', 'what', 'files', 'official address', 'fetched'], feedRows())],
    [
      'agent-settings.md',
      heading('Settings of the agent') + table(['setting', 'called', 'default', 'least', 'most', 'meaning'], settingRows()),
    ],
    [
      'commands.md',
      heading('Commands') +
        table(
          ['command', 'what', 'example'],
          commands.map((one) => [`\`vedette ${one.name}${one.args ? ` ${one.args}` : ''}\``, one.summary, `\`${one.example}\``]),
        ),
    ],
    ['citus.sql', `-- Made by npm run generate; do not edit. docs/scale.md says when.\n${citusStatements()}`],
    ['query-fields.md', heading('Fields of the query language') + Object.values(entities).map(queryFields).join('')],
  ]);
}

if (import.meta.main) {
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of generatedDocuments()) writeFileSync(join(folder, file), text);
  writeFileSync(join(queryRoom, 'generated/parser.ts'), generatedQueryParser());
  // Not for those who only ask for documents: it is the whole server.
  const { writeExamples } = await import('./examples/write-examples.ts');
  await writeExamples();
}
