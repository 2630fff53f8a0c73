import type { Detection, NotificationEvent } from '@vedette/protocol';

/** Something that happened, as it is told. */
export interface ToldEvent {
  /** Stays the same however often it is sent. */
  readonly id: string;
  readonly event: NotificationEvent;
  readonly at: string;
  /** In one line, for people. */
  readonly text: string;
  readonly detection?: Detection;
  /** Of the other events. */
  readonly detail?: Readonly<Record<string, string | number | null>>;
}

export type MessageBody =
  | { readonly kind: 'events'; readonly rule: string; readonly events: readonly ToldEvent[] }
  | { readonly kind: 'report'; readonly reportId: string }
  | { readonly kind: 'test' };

/** One delivery: to one channel, with an id that stays the same when it is tried again. */
export interface Message {
  readonly id: string;
  readonly organizationId: string;
  readonly subject: string;
  /** How many are told; for people only some of them are spelled out. */
  readonly events: number;
  readonly createdAt: Date;
  readonly body: MessageBody;
}

/** So many events are spelled out in a message, and as many are in one request to a machine. */
export const eventsPerMessage = 100;

/** In plain lines. */
export function messageText({ body, events, subject }: Message, consoleUrl: string | null): string {
  const end = consoleUrl ? `\n\n${consoleUrl}` : '';
  if (body.kind === 'test') return `This is a test of a notification channel. Nothing has happened.${end}`;
  if (body.kind === 'report') return `${subject}${end}`;
  const lines = body.events.map(({ text }) => text);
  const more = events - body.events.length;
  return [...lines, ...(more > 0 ? [`... and ${more} more`] : [])].join('\n') + end;
}
