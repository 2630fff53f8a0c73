import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { agentPaths, type Enroll } from '@vedette/protocol';
import { agentVersion } from '../config.ts';
import { PlatformClient, type PlatformClientOptions } from '../transport/platform-client.ts';
import { parseEnrolled } from '../transport/replies.ts';
import { exportPublicKey, importPublicKey, loadOrCreateKey, saveIdentity, type Identity } from './identity.ts';

export interface ReenrollInput {
  readonly stateDirectory: string;
  /** What this machine was copied with. */
  readonly identity: Identity;
  /** From the platform's order. */
  readonly ticket: string;
  readonly introduction: Pick<Enroll, 'hostname' | 'machineId' | 'machine'>;
  readonly client: Pick<PlatformClientOptions, 'platform' | 'ca' | 'proxies' | 'now' | 'exchange'>;
}

/**
 * A copy of another machine becomes an asset of its own: with a key made here and the ticket that the platform gave it. The new
 * identity replaces the old one in one write; a crash before it leaves the copy, which is told the same again and then goes on with
 * the same new key, so that there is never a second new asset. Throws AgentError.
 */
export async function reenroll({ stateDirectory, identity, ticket, introduction, client }: ReenrollInput): Promise<Identity> {
  const keyFile = nextKeyFile(identity);
  const key = loadOrCreateKey(stateDirectory, keyFile);
  const publicKey = exportPublicKey(key);
  using connection = new PlatformClient({
    ...client,
    signer: { key, keyid: Buffer.from(publicKey, 'base64').toString('base64url') },
    platformKey: importPublicKey(identity.platformPublicKey),
  });
  const message: Enroll = { activationKey: ticket, publicKey, agentVersion, ...introduction };
  const enrolled = parseEnrolled(await connection.post(agentPaths.enroll, message));
  const next: Identity = { ...identity, ...enrolled, platformPublicKey: identity.platformPublicKey, keyFile };
  saveIdentity(stateDirectory, next);
  rmSync(join(stateDirectory, identity.keyFile), { force: true });
  return next;
}

/** Named after the agent it follows: the same at every attempt, another one for a copy of the copy. */
function nextKeyFile({ agentId }: Identity): string {
  return `agent-key-${agentId}.pem`;
}
