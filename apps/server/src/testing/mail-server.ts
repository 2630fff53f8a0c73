import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** What came, each mail as it was sent. */
export interface MailServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly string[];
}

/** Takes mails on loopback; unless `options` say otherwise it asks for no login and speaks no TLS. */
export async function mailServer(options: SMTPServerOptions = {}): Promise<MailServer> {
  const mails: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, _session, callback) => {
      const parts: Buffer[] = [];
      stream
        .on('data', (part: Buffer) => parts.push(part))
        .on('end', () => {
          mails.push(Buffer.concat(parts).toString());
          callback();
        });
    },
    ...options,
  });
  server.on('error', () => undefined); // whoever does not believe us goes away
  server.listen(0, '127.0.0.1');
  await once(server.server, 'listening');
  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
}
