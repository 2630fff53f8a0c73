import { VersionError } from '../errors.ts';

/** Real versions stay below 200; the limit keeps hostile text from costing anything. */
const maxChars = 4096;

/**
 * The text without blanks around it. Throws VersionError when it is empty (VERSION_EMPTY), has more than 4096 characters
 * (VERSION_TOO_LONG), or has control characters inside (VERSION_CHARACTER).
 */
export function checkedVersion(text: string): string {
  if (text.length > maxChars) throw new VersionError('VERSION_TOO_LONG', `version has more than ${maxChars} characters`);
  const trimmed = text.trim();
  if (trimmed === '') throw new VersionError('VERSION_EMPTY', 'version is empty');
  for (let index = 0; index < trimmed.length; index += 1) {
    const code = trimmed.charCodeAt(index);
    if (code < 0x20 || code === 0x7f) throw new VersionError('VERSION_CHARACTER', 'version has control characters inside');
  }
  return trimmed;
}

/** What to throw for a text that does not have the form its ecosystem asks for. */
export function syntaxError(text: string, form: string): VersionError {
  return new VersionError('VERSION_SYNTAX', `version ${text.slice(0, 100)} is not ${form}`);
}
