import type { Kysely } from 'kysely';
import type { Database } from '../db/schema.ts';
import type { Attachment } from '../notifications/channels/send-email.ts';
import type { MessageBody } from '../notifications/message.ts';
import { fileName } from './file-name.ts';
import { mediaTypeOf } from './media-types.ts';
import { readChunks, toReport } from './store.ts';

/** Larger mails are refused by many servers. */
const maxBytes = 10 * 1024 * 1024;

/** The report that a message is about; a note where it cannot go by mail. */
export async function loadAttachment(
  db: Kysely<Database>,
  body: MessageBody,
): Promise<{ attachment: Attachment | null; note: string | null }> {
  if (body.kind !== 'report') return { attachment: null, note: null };
  const row = await db.selectFrom('report').selectAll().where('id', '=', body.reportId).executeTakeFirst();
  if (row?.state !== 'done') return { attachment: null, note: '(it is there no more)' };
  if ((row.bytes ?? 0) > maxBytes) return { attachment: null, note: '(too large for a mail: fetch it from the console)' };
  const chunks: Buffer[] = [];
  for await (const chunk of readChunks(db, row.id)) chunks.push(chunk);
  const report = toReport(row);
  const contentType = mediaTypeOf(report.format);
  return { attachment: { filename: fileName(report), contentType, content: Buffer.concat(chunks) }, note: null };
}
