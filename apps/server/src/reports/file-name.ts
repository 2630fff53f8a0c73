import type { Report } from '@vedette/protocol';

/** Of letters that every file system and every header takes. */
export function fileName({ kind, asOf, format }: Pick<Report, 'kind' | 'asOf' | 'format'>): string {
  return `vedette-${kind ?? 'report'}-${asOf.slice(0, 16).replaceAll(':', '')}.${format ?? 'bin'}`;
}
