import { readFileSync } from 'node:fs';
import { agentPaths, type Enroll } from '@vedette/protocol';
import { agentVersion, type AgentConfig } from '../config.ts';
import { AgentError, describeError } from '../errors.ts';
import { PlatformClient, type PlatformClientOptions } from '../transport/platform-client.ts';
import { parseEnrolled } from '../transport/replies.ts';
import { type MachineFiles, readMachine } from './machine.ts';
import { exportPublicKey, importPublicKey, loadIdentity, loadOrCreateKey, saveIdentity, type Identity } from './identity.ts';

/** Clock and network, where they are not the machine's own. */
type EnrollmentWay = Pick<PlatformClientOptions, 'now' | 'exchange'>;

/**
 * Registers this agent's key with the platform and pins the platform's key, which the first reply carries and is signed with: trust
 * on first use, under TLS. Enrolling again with the same platform changes nothing, so a reply that got lost costs only a
 * repetition. Throws AgentError: CONFIG when something is missing, REFUSED when the platform does not take the activation key.
 */
export async function enroll(config: AgentConfig, host: MachineFiles, way: EnrollmentWay = { now: Date.now }): Promise<Identity> {
  const { platform, stateDirectory } = config;
  const activationKey = config.activationKey();
  if (!platform || activationKey === null) throw new AgentError('CONFIG', 'enrollment needs --platform and an activation key');
  const existing = loadIdentity(stateDirectory);
  if (existing?.platform === platform.origin) return existing;
  if (existing)
    throw new AgentError('CONFIG', `already enrolled with ${existing.platform}; remove ${stateDirectory} to enroll elsewhere`);
  const key = loadOrCreateKey(stateDirectory);
  const publicKey = exportPublicKey(key);
  using client = new PlatformClient({
    platform,
    ca: readCaFile(config.caFile),
    proxies: config.proxies,
    signer: { key, keyid: Buffer.from(publicKey, 'base64').toString('base64url') },
    platformKey: (body) => importPublicKey(parseEnrolled(body).platformPublicKey),
    ...way,
  });
  const message: Enroll = { activationKey, publicKey, agentVersion, ...introduction(host, config.hostname) };
  const enrolled = parseEnrolled(await client.post(agentPaths.enroll, message));
  const identity: Identity = { ...enrolled, platform: platform.origin, caFile: config.caFile, keyFile: 'agent-key.pem' };
  saveIdentity(stateDirectory, identity);
  return identity;
}

/** The certificate authority to trust instead of the well-known ones. Throws AgentError CONFIG. */
export function readCaFile(path: string | null): string | undefined {
  if (path === null) return undefined;
  try {
    const pem = readFileSync(path, 'utf8');
    if (!pem.includes('-----BEGIN CERTIFICATE-----')) throw new Error('it holds no certificate in PEM form');
    return pem;
  } catch (error) {
    throw new AgentError('CONFIG', `the CA file ${path} cannot be used: ${describeError(error)}`, { cause: error });
  }
}

/** What a machine says of itself when it enrolls. */
export function introduction(host: MachineFiles, name: string | null): Pick<Enroll, 'hostname' | 'machineId' | 'machine'> {
  const read = (path: string): string => host.readText(path, { maxBytes: 4096 })?.trim() ?? '';
  const machineId = read('/etc/machine-id');
  const machine = readMachine(host);
  return {
    hostname: name ?? read('/proc/sys/kernel/hostname'),
    machineId: machineId === '' ? '' : host.sha256(machineId),
    ...(machine ? { machine } : {}),
  };
}
