import { uptime } from 'node:process';
import { hash } from 'node:crypto';
import { agentPaths, type CheckIn } from '@vedette/protocol';
import { processUsage } from '@vedette/host';
import { importPublicKey, loadOrCreateKey, type Identity } from './enrollment/identity.ts';
import { readCaFile } from './enrollment/enroll.ts';
import { fileStore } from './sync/acknowledged-store.ts';
import { SyncEngine } from './sync/sync-engine.ts';
import { compressJson, PlatformClient } from './transport/platform-client.ts';
import { parseSyncReply } from './transport/replies.ts';

/** An enrolled agent's way to its platform: the signed connection and the sync engine on top of it. */
export interface Connection extends Disposable {
  readonly client: PlatformClient;
  readonly engine: SyncEngine;
  readonly consumption: () => CheckIn['consumption'];
}

export function connect(stateDirectory: string, identity: Identity, signal: AbortSignal): Connection {
  const client = new PlatformClient({
    platform: new URL(identity.platform),
    ca: readCaFile(identity.caFile),
    signer: { key: loadOrCreateKey(stateDirectory), keyid: identity.agentId },
    platformKey: importPublicKey(identity.platformPublicKey),
    now: Date.now,
  });
  const engine = new SyncEngine({
    store: fileStore(stateDirectory),
    send: async (documents) => parseSyncReply(await client.post(agentPaths.sync, { documents }, signal)),
    sha256: (text) => hash('sha256', text, 'buffer'),
    sizeOf: (document) => compressJson(document).length,
  });
  return {
    client,
    engine,
    consumption: () => ({ ...processUsage(), sentBytes: client.sentBytes, uptimeSeconds: uptime() }),
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}
