import { createHash } from 'node:crypto';
import { endpoints } from '@vedette/protocol';

/**
 * The source file with an example for each operation of the API: recorded replies, of whose lists one item stays, and in which what is made
 * by chance is the same every time. Throws an Error where an operation has none.
 */
export function exampleFile(replies: ReadonlyMap<string, unknown>): string {
  const shown = Object.keys(endpoints).map((name) => {
    if (!replies.has(name)) throw new Error(`no example for ${name}: call it in tools/examples/record-examples.ts`);
    return [name, shortened(replies.get(name))] as const;
  });
  const lines = settled(JSON.stringify(Object.fromEntries(shown)), chances(shown)).replaceAll('},"', '},\n"');
  return `// Made by npm run generate; do not edit.\n/** A real reply to each operation, by its name. */\nexport const examples: Readonly<Record<string, unknown>> = ${lines};\n`;
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, 1).map(shortened);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shortened(part)]));
}

/** Fields whose texts are made by chance; the ids of keys are, too. */
const chance = new Set([
  'secret',
  'challenge',
  'password',
  'hash',
  'keyId',
  'public',
  'sha256',
  'recoveryCodes',
  'allowCredentials',
]);
const uuid = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

/** Texts made by chance, each with another one of its form. */
function chances(value: unknown, name = '', found = new Map<string, string>()): Map<string, string> {
  if (typeof value === 'string') {
    if (chance.has(name) && !found.has(value)) found.set(value, invented(value, `${name} ${found.size}`));
  } else if (Array.isArray(value)) for (const one of value) chances(one, name, found);
  else if (typeof value === 'object' && value !== null) {
    // Of a key only its id.
    for (const [own, part] of Object.entries(value)) chances(part, own === 'id' && chance.has(name) ? name : own, found);
  }
  return found;
}

function invented(text: string, name: string): string {
  const hex = createHash('sha256').update(name).digest('hex');
  if (/^[0-9a-f]{64}$/.test(text)) return hex;
  const letters = hex.replaceAll(/[0-9a-f]/g, (digit) => String.fromCharCode(0x61 + Number.parseInt(digit, 16)));
  if (/^(?:\w{4}-){3}\w{4}$/.test(text)) return letters.slice(0, 16).replaceAll(/(.{4})(?!$)/g, '$1-');
  const [prefix = ''] = /^vd[a-z]_/.exec(text) ?? [];
  const whole = prefix + letters.slice(0, text.length - prefix.length);
  return text === text.toUpperCase() ? whole.toUpperCase() : whole;
}

function settled(text: string, instead: ReadonlyMap<string, string>): string {
  const ids = new Map<string, string>();
  const numbered = (id: string): string => {
    const known = ids.get(id) ?? `00000000-0000-4000-8000-${String(ids.size + 1).padStart(12, '0')}`;
    ids.set(id, known);
    return known;
  };
  let result = text.replaceAll(uuid, numbered).replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, 'https://mirror.example');
  for (const [before, after] of instead) result = result.replaceAll(before, after);
  return result;
}
