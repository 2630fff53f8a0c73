import { getBuiltinModule } from 'node:process';
import { lookup } from 'node:dns/promises';
import type { IncomingMessage } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { describeError } from '../errors.ts';
import { openTunnel, ProxyError } from '../transport/open-tunnel.ts';
import type { Route } from '../transport/proxies.ts';
import { fine, problem, type Finding } from './finding.ts';

const timeoutMs = 10_000;
/** The signatures of requests are valid for five minutes. */
const mostSkewSeconds = 120;

/** One way to the platform: DNS, TCP, the proxy, TLS, HTTP and the clock, up to the first that fails. */
export async function diagnoseRoute(platform: URL, route: Route, ca: string | undefined): Promise<Finding[]> {
  const findings: Finding[] = [];
  const target = {
    hostname: bare(platform.hostname),
    port: Number(platform.port || (platform.protocol === 'https:' ? 443 : 80)),
  };
  const first = route === 'direct' ? target : { hostname: route.hostname, port: route.port };
  let socket: Socket | null = null;
  try {
    findings.push(await resolveName(first.hostname));
    if (isBroken(findings)) return findings;
    socket = await openTcp(first, findings);
    if (!socket) return findings;
    if (route !== 'direct') {
      socket.destroy();
      socket = await openThrough(route, { ...target, ca, timeoutMs }, findings);
      if (!socket) return findings;
    }
    if (platform.protocol === 'https:') socket = await openTls(socket, target.hostname, ca, findings);
    if (socket) findings.push(...(await askHttp(socket, platform)));
    return findings;
  } finally {
    socket?.destroy();
  }
}

async function resolveName(hostname: string): Promise<Finding> {
  try {
    const addresses = await lookup(hostname, { all: true });
    return fine('dns', `${hostname} is ${addresses.map(({ address }) => address).join(', ')}`);
  } catch (error) {
    const remedy = 'Check the name in the settings and /etc/resolv.conf; behind a proxy, set VEDETTE_PROXY.';
    return problem('dns', `${hostname} has no address: ${describeError(error)}`, remedy);
  }
}

async function openTcp({ hostname, port }: { hostname: string; port: number }, findings: Finding[]): Promise<Socket | null> {
  const socket = connectTcp({ host: hostname, port });
  try {
    await settled(socket, 'connect');
    findings.push(fine('tcp', `connected to ${socket.remoteAddress} port ${port}`));
    return socket;
  } catch (error) {
    socket.destroy();
    const remedy = 'Check that it runs and that no firewall is between; a machine without a direct way needs VEDETTE_PROXY.';
    findings.push(problem('tcp', `no connection to ${hostname} port ${port}: ${describeError(error)}`, remedy));
    return null;
  }
}

const proxyRemedies = {
  AUTHENTICATION: 'Put user and password into VEDETTE_PROXY as http://user:password@host:port, percent-encoded.',
  REFUSED: 'Ask who runs the proxy to allow CONNECT to the platform.',
  UNREACHABLE: 'Check the scheme, host and port of VEDETTE_PROXY, and its certificate if it is https.',
} as const;

async function openThrough(
  route: Exclude<Route, 'direct'>,
  target: Parameters<typeof openTunnel>[1],
  findings: Finding[],
): Promise<Socket | null> {
  try {
    const socket = await openTunnel(route, target);
    findings.push(fine('proxy', `${route.origin} connects us`));
    return socket;
  } catch (error) {
    const code = error instanceof ProxyError ? error.code : 'UNREACHABLE';
    findings.push(problem('proxy', describeError(error), proxyRemedies[code]));
    return null;
  }
}

async function openTls(under: Socket, hostname: string, ca: string | undefined, findings: Finding[]): Promise<Socket | null> {
  const { connect } = getBuiltinModule('node:tls');
  const name = isIP(hostname) === 0 ? { servername: hostname } : { host: hostname };
  const socket = connect({ socket: under, ...name, minVersion: 'TLSv1.3', ...(ca === undefined ? {} : { ca }) });
  try {
    await settled(socket, 'secureConnect');
    findings.push(fine('tls', `${socket.getProtocol()}, certificate valid until ${socket.getPeerCertificate().valid_to}`));
    return socket;
  } catch (error) {
    socket.destroy();
    findings.push(problem('tls', describeError(error), tlsRemedy(error)));
    return null;
  }
}

/** By the codes of OpenSSL's verification (openssl-verification-options(1)) and of Node. */
function tlsRemedy(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (code === 'CERT_HAS_EXPIRED')
    return 'The certificate has expired: renew it on the platform; if it has not, set the clock of this machine.';
  if (code === 'CERT_NOT_YET_VALID') return 'The certificate is not valid yet: set the clock of this machine.';
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') return 'The certificate is for another name: use the name in it as the platform.';
  if (/SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER)|CERT_SIGNATURE/.test(code))
    return 'The authority is not known here: give its certificate with --ca-file (VEDETTE_CA_FILE).';
  if (/PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL|HANDSHAKE_FAILURE/.test(code))
    return 'The other side does not speak TLS 1.3: update the platform, or what ends TLS before it.';
  if (/WRONG_VERSION_NUMBER|PACKET_LENGTH/.test(code)) return 'It does not speak TLS at all: check the port.';
  return 'Look at what ends TLS between here and the platform.';
}

async function askHttp(socket: Socket, platform: URL): Promise<Finding[]> {
  const { request } = getBuiltinModule('node:http');
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const asked = request({ method: 'HEAD', path: '/', headers: { host: platform.host }, createConnection: () => socket }, resolve);
  asked.once('error', reject);
  asked.setTimeout(timeoutMs, () => asked.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)));
  asked.end();
  try {
    const reply = await promise;
    reply.resume();
    const status = reply.statusCode ?? 0;
    const http =
      status >= 500
        ? problem(
            'http',
            `the platform answers with status ${status}`,
            'The platform, or the proxy before it, has a problem: see its log.',
          )
        : fine('http', `answers with status ${status}`);
    return [http, clockFinding(reply.headers.date)];
  } catch (error) {
    return [problem('http', `no answer over HTTP: ${describeError(error)}`, 'Check that it is the platform that listens there.')];
  }
}

/** By the Date of the answer, which is exact to a second. */
function clockFinding(date: string | undefined): Finding {
  const skew = date === undefined ? Number.NaN : Math.round((Date.now() - Date.parse(date)) / 1000);
  if (Number.isNaN(skew)) return fine('clock', 'the answer has no date to compare with');
  if (Math.abs(skew) <= mostSkewSeconds) return fine('clock', `this clock differs by ${Math.abs(skew)} s`);
  const detail = `this clock is ${Math.abs(skew)} s ${skew > 0 ? 'ahead' : 'behind'}`;
  return {
    hop: 'clock',
    level: 'warning',
    detail,
    remedy: 'Set it (timedatectl set-ntp true); the agent copes, certificates may not.',
  };
}

async function settled(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const limit = setTimeout(() => socket.destroy(new Error(`no answer within ${timeoutMs / 1000} s`)), timeoutMs);
  socket.once(event, () => resolve());
  socket.on('error', reject);
  socket.once('close', () => reject(new Error('the connection was closed')));
  try {
    await promise;
  } finally {
    clearTimeout(limit);
  }
}

function isBroken(findings: readonly Finding[]): boolean {
  return findings.some(({ level }) => level === 'problem');
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, '');
}
