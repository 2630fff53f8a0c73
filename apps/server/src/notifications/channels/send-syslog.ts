import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type BlockList, isIP, type Socket } from 'node:net';
import { hostname } from 'node:os';
import { connect as connectTls } from 'node:tls';
import type { ChannelSettings } from '@vedette/protocol';
import { type Message, messageText, type ToldEvent } from '../message.ts';
import { connectTo, inTime, resolveHost, toDeliveryError } from './connect.ts';
import { toOcsf } from './to-ocsf.ts';

/** Where it may lead, and for how long. */
interface Way {
  readonly allowed: BlockList;
  readonly signal: AbortSignal;
}

type Settings = Extract<ChannelSettings, { kind: 'syslog' }>;

const timeoutMs = 15_000;
/** What every receiver takes over UDP (RFC 5426, 3.2: at least 480, should 2048), and over streams in one frame. */
const maxDatagramBytes = 2048;
const maxFrameBytes = 64 * 1024;
/** RFC 5424, 6.2.1: of OCSF's severities 1 to 5. */
const levels = [6, 5, 4, 3, 2];

/**
 * Sends a line for each event after RFC 5424: over TLS as RFC 5425 says, over TCP with octet counting (RFC 6587, 3.4.1), over UDP a
 * datagram each. Over UDP nobody says whether it arrived. Throws DeliveryError.
 */
export async function sendSyslog(settings: Settings, message: Message, way: Way): Promise<void> {
  const lines = linesOf(settings, message);
  try {
    if (settings.transport === 'udp') await sendDatagrams(settings, lines, way.allowed);
    else await sendStream(settings, lines, way);
  } catch (error) {
    throw toDeliveryError(error);
  }
}

function linesOf(settings: Settings, message: Message): Buffer[] {
  const { body } = message;
  const most = settings.transport === 'udp' ? maxDatagramBytes : maxFrameBytes;
  const line = (part: { level: number; at: string; id: string; name: string; text: string }): Buffer =>
    cutUtf8(syslogLine({ ...part, facility: settings.facility }), most);
  if (body.kind !== 'events') {
    const text = messageText(message, null).replaceAll(/\s+/g, ' ');
    return [line({ level: 6, at: message.createdAt.toISOString(), id: message.id, name: body.kind, text })];
  }
  return body.events.flatMap((event) => {
    const text = settings.format === 'ocsf' ? toOcsf(event) : event.text;
    if (text === null) return [];
    const shown = typeof text === 'string' ? text : JSON.stringify(text);
    return [line({ level: levelOf(event), at: event.at, id: event.id, name: event.event, text: shown })];
  });
}

function levelOf({ detection, event }: ToldEvent): number {
  if (detection && event !== 'detection.fixed') return levels[detection.severity - 1] ?? 6;
  return event === 'detection.fixed' ? 6 : 4;
}

interface LineParts {
  readonly facility: number;
  readonly level: number;
  readonly at: string;
  readonly id: string;
  readonly name: string;
  readonly text: string;
}

/** RFC 5424, 6: header, one element of structured data with the id by which repetitions are known, and the text in UTF-8 with its mark. */
export function syslogLine({ facility, level, at, id, name, text }: LineParts): string {
  const host =
    hostname()
      .replaceAll(/[^\x21-\x7e]/g, '')
      .slice(0, 255) || '-';
  // No line ends: receivers that frame by them would see two messages.
  const plain = text.replaceAll(/[\r\n\0]+/g, ' ');
  return `<${facility * 8 + level}>1 ${at} ${host} vedette - ${name.slice(0, 32)} [origin software="Vedette"][meta@32473 id="${id.replaceAll(/["\\\]]/g, String.raw`\$&`)}"] \ufeff${plain}`;
}

/** Not in the middle of a character. */
function cutUtf8(text: string, most: number): Buffer {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return bytes;
  let end = most;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return bytes.subarray(0, end);
}

async function sendDatagrams({ host, port }: Settings, lines: readonly Buffer[], allowed: BlockList): Promise<void> {
  const { address, family } = await resolveHost(host, allowed);
  const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
  try {
    for (const line of lines) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      socket.send(line, port, address, (error) => (error ? reject(error) : resolve()));
      await promise;
    }
  } finally {
    socket.close();
  }
}

async function sendStream(settings: Settings, lines: readonly Buffer[], { allowed, signal }: Way): Promise<void> {
  const ends = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const plain = await connectTo(settings, { allowed, signal: ends });
  const socket = settings.transport === 'tls' ? secure(plain, settings) : plain;
  // Also after we stopped waiting: nobody else hears of it.
  socket.on('error', () => undefined);
  try {
    if (socket !== plain) await once(socket, 'secureConnect', { signal: ends });
    const frames = lines.flatMap((line) => [Buffer.from(`${line.length} `), line]);
    // Both sides have said that they are at the end: what was written was at least received by the other's kernel.
    const closed = once(socket, 'close', { signal: ends });
    socket.resume();
    socket.end(Buffer.concat(frames));
    await closed;
    if (socket.errored) throw socket.errored;
  } catch (error) {
    if (ends.aborted && !signal.aborted) throw inTime(error);
    throw error;
  } finally {
    socket.destroy();
    plain.destroy();
  }
}

function secure(socket: Socket, { host, ca }: Settings): Socket {
  return connectTls({ socket, host, servername: isIP(host) === 0 ? host : '', minVersion: 'TLSv1.2', ...(ca ? { ca } : {}) });
}
