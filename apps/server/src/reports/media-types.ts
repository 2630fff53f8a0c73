import type { ReportFormat } from '@vedette/protocol';

const mediaTypes: Record<ReportFormat, string> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  csv: 'text/csv; charset=utf-8; header=present',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  json: 'application/json',
};

/** Of a report whose format this version does not know: bytes. */
export function mediaTypeOf(format: ReportFormat | null): string {
  return format === null ? 'application/octet-stream' : mediaTypes[format];
}
