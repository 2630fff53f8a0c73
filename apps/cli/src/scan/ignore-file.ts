import { CliError } from '../errors.ts';
import type { Finding } from './judge-packages.ts';

/** A finding that is left out, because a person decided so. */
export type Exemption = (finding: Finding) => boolean;

/**
 * A list of what not to report, one a line: name of the check (CVE, advisory, alias) or its number, or `*` for any; then, if wanted, the
 * package it is ignored for and `until=YYYY-MM-DD`, the last day on which it is. `#` begins a comment: the reason.
 * Throws CliError USAGE with the line of a word that is none of these: a list that is misread hides too much or too little.
 */
export function readIgnoreFile(file: string, text: string, today: string): Exemption {
  const rules = text.split('\n').flatMap((line, index) => {
    const words = (line.split('#', 1)[0] ?? '').trim().split(/\s+/);
    return words[0] === '' ? [] : [readRule(words, `${file}, line ${index + 1}`)];
  });
  return (finding) => rules.some((rule) => rule.until >= today && matches(rule, finding));
}

interface Rule {
  readonly name: string;
  readonly package: string | null;
  readonly until: string;
}

function readRule(words: readonly string[], place: string): Rule {
  const [name = '', ...rest] = words;
  const until = rest.find((word) => word.startsWith('until='))?.slice('until='.length) ?? '9999-12-31';
  const packages = rest.filter((word) => !word.startsWith('until='));
  if (!/^\d{4}-\d\d-\d\d$/.test(until)) throw new CliError('USAGE', `${place}: until= takes a day such as 2027-01-31`);
  if (packages.length > 1)
    throw new CliError('USAGE', `${place}: a name, at most one package, and until=YYYY-MM-DD are understood`);
  if (!/^(\*|\d+|[A-Za-z][\w.:-]+)$/.test(name)) throw new CliError('USAGE', `${place}: no name of a check`);
  if (name === '*' && packages.length === 0) throw new CliError('USAGE', `${place}: * needs a package`);
  return { name: name.toUpperCase(), package: packages[0] ?? null, until };
}

function matches(rule: Rule, { check, package: { found } }: Finding): boolean {
  const isNamed =
    rule.name === '*' || [String(check.number), check.name, ...check.aliases].some((name) => name.toUpperCase() === rule.name);
  return isNamed && (rule.package === null || rule.package === found.name || rule.package === found.source);
}
