import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';

export interface TrueProvider extends AsyncDisposable {
  readonly issuer: string;
  /** Who logs in there next, with what is said of them. */
  person: { readonly sub: string; readonly [claim: string]: unknown };
  /** Follows a browser from where it is sent to until it comes back; gives the address it comes back to. */
  readonly visit: (address: string) => Promise<URL>;
}

/** A certified OpenID provider on loopback; whoever comes is logged in and agrees. */
export async function trueProvider(client: {
  readonly id: string;
  readonly secret: string;
  readonly redirectUri: string;
}): Promise<TrueProvider> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new Provider(issuer, {
    clients: [
      { client_id: client.id, client_secret: client.secret, redirect_uris: [client.redirectUri], application_type: 'native' },
    ],
    claims: { openid: ['sub'], profile: ['name', 'preferred_username', 'groups'], email: ['email'] },
    findAccount: (_context, id) => ({ accountId: id, claims: () => ({ ...self.person, sub: id }) }),
    interactions: { url: (_context, interaction) => `/interaction/${interaction.uid}` },
    features: { devInteractions: { enabled: false } },
    cookies: { keys: ['test'] },
    pkce: { required: () => true },
    ttl: { Interaction: 60, Session: 60, Grant: 60, AccessToken: 60, AuthorizationCode: 60, IdToken: 60 },
  });
  const callback = provider.callback();
  server.on('request', (request, reply) => {
    if (!request.url?.startsWith('/interaction/')) return void callback(request, reply);
    void (async () => {
      const { prompt, params, session } = await provider.interactionDetails(request, reply);
      if (prompt.name === 'login') return provider.interactionFinished(request, reply, { login: { accountId: self.person.sub } });
      const grant = new provider.Grant({ accountId: session?.accountId ?? '', clientId: String(params['client_id']) });
      grant.addOIDCScope(String(params['scope']));
      return provider.interactionFinished(request, reply, { consent: { grantId: await grant.save() } });
    })();
  });

  async function visit(address: string): Promise<URL> {
    const jar = new Map<string, string>();
    for (let next = new URL(address), hops = 0; hops < 12; hops += 1) {
      if (!next.href.startsWith(issuer)) return next;
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const reply = await fetch(next, { redirect: 'manual', headers: { cookie } });
      for (const line of reply.headers.getSetCookie()) {
        const [pair = ''] = line.split(';');
        jar.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
      }
      const location = reply.headers.get('location');
      if (location === null) throw new Error(`${reply.status} ${await reply.text()}`);
      next = new URL(location, next);
    }
    throw new Error('the provider sends the browser around in circles');
  }

  const self: TrueProvider = {
    issuer,
    person: { sub: 'nobody' },
    visit,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
  return self;
}
