/** As much of oidc-provider, which brings no types, as true-provider.ts uses. */
declare module 'oidc-provider' {
  import type { IncomingMessage, ServerResponse } from 'node:http';

  interface Interaction {
    readonly uid: string;
    readonly prompt: { readonly name: string };
    readonly params: Readonly<Record<string, unknown>>;
    readonly session?: { readonly accountId: string };
  }

  interface Grant {
    addOIDCScope(scope: string): void;
    save(): Promise<string>;
  }

  interface Options {
    readonly findAccount: (context: unknown, id: string) => { accountId: string; claims: () => object };
    readonly interactions: { readonly url: (context: unknown, interaction: Interaction) => string };
    readonly [name: string]: unknown;
  }

  export default class Provider {
    constructor(issuer: string, options: Options);
    readonly Grant: new (of: { accountId: string; clientId: string }) => Grant;
    callback(): (request: IncomingMessage, reply: ServerResponse) => Promise<void>;
    interactionDetails(request: IncomingMessage, reply: ServerResponse): Promise<Interaction>;
    interactionFinished(request: IncomingMessage, reply: ServerResponse, result: object): Promise<void>;
  }
}
