import { canonicalJson } from '@vedette/protocol';
import { sha256 } from './append-audit.ts';

/** Names of what is never written down, wherever it stands in a request. */
const secretNames = /password|secret|token|code|credential|response|challenge/i;
/** What is longer is told by its hash. */
const maxChars = 8192;

/** What was asked for, fit for the log: without secrets, and none of it too long. */
export function withoutSecrets(detail: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(clean(detail) as object).map(([name, value]) => [name, shortened(value)])); // an object stays one
}

function shortened(cleaned: unknown): unknown {
  const text = canonicalJson(cleaned ?? null);
  if (text.length <= maxChars) return cleaned;
  return `${text.length} characters of JSON with the SHA-256 ${Buffer.from(sha256(text)).toString('hex')}`;
}

function clean(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      secretNames.test(name) && typeof one !== 'boolean' ? '[secret]' : clean(one),
    ]),
  );
}
