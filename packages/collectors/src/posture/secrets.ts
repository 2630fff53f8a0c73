/** Words in the name of what is a secret. `pass` alone is none: PASS_MAX_DAYS of login.defs is a number of days. */
const secretWord =
  /passw(?:or)?d|passphrase|(?:^|[\W_])(?:pass|pw)\d*(?=$|\W)|pwd|secret|token|credential|api[-_ ]?key|private|bearer|authorization|cookie|community/i;
/** Texts of the form of one: an address with a user, a hash of crypt(5), a UUID, letters and digits that nobody writes by hand. */
const secretForm =
  /\/\/[^/\s@]{1,200}@|\$[0-9a-z]{1,8}\$[./A-Za-z0-9]|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-|[A-Za-z0-9+=]{24,}|-----BEGIN/i;

/** Whether a value may not leave the machine, by the name of its setting or by how it looks. */
export function looksSecret(name: string, value: string): boolean {
  return secretWord.test(name) || secretForm.test(value);
}

/**
 * A text without the lines that hold, or may hold, secrets. Patterns see only what is left: one that was tried on the whole could tell a
 * secret letter by letter, however short what it captures. Lines that a backslash continues are one line; what stands between BEGIN and END
 * is left out as a whole, as is all that follows a BEGIN without END.
 */
export function withoutSecrets(text: string): string {
  const plain = text.replaceAll(/\\\r?\n/g, ' ').replaceAll(/-----BEGIN [\s\S]*?(?:-----END [^\n]*|$(?![\s\S]))/g, '');
  return plain
    .split('\n')
    .filter((line) => !secretWord.test(line) && !secretForm.test(line))
    .join('\n');
}
