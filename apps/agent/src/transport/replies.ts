import type { AgentProblemCode, CheckInReply, DesiredRelease, Enrolled, Order, OrdersReply, SyncReply } from '@vedette/protocol';

/**
 * Checks the shapes of the platform's replies by hand: the schemas of `protocol` describe the same, but running them would cost the
 * agent the memory of a schema library for four small objects. Each throws Error; unknown fields are ignored.
 */
export function parseEnrolled(body: unknown): Enrolled {
  const reply = object(body, 'reply');
  return {
    agentId: uuid(reply['agentId'], 'agentId') as Enrolled['agentId'], // branded: the check is on this line
    assetId: uuid(reply['assetId'], 'assetId') as Enrolled['assetId'], // likewise
    platformPublicKey: matching(reply['platformPublicKey'], /^[A-Za-z0-9+/]{43}=$/, 'platformPublicKey'),
    schedule: parseSchedule(reply['schedule']),
  };
}

export function parseCheckInReply(body: unknown): CheckInReply {
  const reply = object(body, 'reply');
  const resend = list(reply['resend'], 'resend').map(collectorName);
  // Any value: explainSettings judges each.
  const settings = reply['settings'] === undefined ? {} : { settings: object(reply['settings'], 'settings') };
  const digest = reply['settingsDigest'];
  const order = reply['reenroll'];
  const ticket = order === undefined ? null : matching(object(order, 'reenroll')['ticket'], /^[\w.-]{8,200}$/, 'ticket');
  return {
    resend,
    schedule: parseSchedule(reply['schedule']),
    ...settings,
    ...(digest === undefined ? {} : { settingsDigest: matching(digest, /^[0-9a-f]{64}$/, 'settingsDigest') }),
    ...(reply['held'] === true ? { held: true } : {}),
    ...(reply['orders'] === undefined ? {} : { orders: parseOrders(reply['orders']) }),
    ...(reply['manifest'] === undefined ? {} : { manifest: parseManifest(reply['manifest']) }),
    ...(ticket === null ? {} : { reenroll: { reason: 'cloned', ticket } }),
    ...(reply['release'] === undefined ? {} : { release: parseRelease(reply['release']) }),
  };
}

const maxExpiring = 8;

const version = /^[0-9A-Za-z][0-9A-Za-z.-]{0,63}$/;

/** Of content, only the kind that this side acts upon. */
function parseRelease(value: unknown): DesiredRelease {
  const release = object(value, 'release');
  const { agent, content, region, window, retryRefused, held, probationSeconds, expiring } = release;
  const manifests = content === undefined ? undefined : object(content, 'content')['manifests'];
  const times = window === undefined ? null : object(window, 'window');
  const roles = expiring === undefined ? [] : list(expiring, 'expiring').slice(0, maxExpiring);
  return {
    ...(agent === undefined ? {} : { agent: matching(agent, version, 'agent') }),
    ...(manifests === undefined ? {} : { content: { manifests: matching(manifests, version, 'manifests') } }),
    ...(region === undefined ? {} : { region: matching(region, /^[a-z][a-z0-9-]{0,31}$/, 'region') }),
    ...(times ? { window: { from: instant(times['from'], 'from'), until: instant(times['until'], 'until') } } : {}),
    ...(retryRefused === true ? { retryRefused } : {}),
    ...(held === undefined ? {} : { held: matching(held, /^[a-z-]{1,32}$/, 'held') as NonNullable<DesiredRelease['held']> }), // only shown
    ...(probationSeconds === undefined
      ? {}
      : { probationSeconds: Math.min(whole(probationSeconds, 10, 'probationSeconds'), 86_400) }),
    ...(roles.length === 0 ? {} : { expiring: roles.map(parseExpiry) }),
  };
}

function parseExpiry(value: unknown): NonNullable<DesiredRelease['expiring']>[number] {
  const expiry = object(value, 'expiring');
  return { role: matching(expiry['role'], /^[a-z-]{1,64}$/, 'role'), expiresAt: instant(expiry['expiresAt'], 'expiresAt') };
}

function instant(value: unknown, name: string): string {
  return matching(value, /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/, name);
}

/** What is wrong with it is for ManifestKeeper to say: a check-in counts all the same. */
function parseManifest(value: unknown): NonNullable<CheckInReply['manifest']> {
  const manifest = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  const textOf = (name: string): string => (typeof manifest[name] === 'string' ? manifest[name] : '');
  return { keyid: textOf('keyid'), content: textOf('content'), signature: textOf('signature') };
}

export function parseOrdersReply(body: unknown): OrdersReply {
  const reply = object(body, 'reply');
  return { orders: parseOrders(reply['orders']), ...(reply['checkIn'] === true ? { checkIn: true } : {}) };
}

function parseOrders(value: unknown): Order[] {
  return list(value, 'orders').map((item) => {
    const order = object(item, 'order');
    return {
      orderId: uuid(order['orderId'], 'orderId') as Order['orderId'], // branded: the check is on this line
      assetId: uuid(order['assetId'], 'assetId') as Order['assetId'], // likewise
      kind: matching(order['kind'], /^[a-z][a-z-]{0,31}$/, 'kind'),
      expiresAt: matching(order['expiresAt'], /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/, 'expiresAt'),
    };
  });
}

const outcomes = ['accepted', 'duplicate', 'resend', 'rejected'] as const;

export function parseSyncReply(body: unknown): SyncReply {
  return {
    results: list(object(body, 'reply')['results'], 'results').map((item) => {
      const result = object(item, 'result');
      const outcome = outcomes.find((known) => known === result['outcome']);
      if (!outcome) throw new Error('unknown outcome');
      const reason = typeof result['reason'] === 'string' ? { reason: result['reason'] } : {};
      return {
        collector: collectorName(result['collector']),
        outcome,
        sequence: whole(result['sequence'], 0, 'sequence'),
        ...reason,
      };
    }),
  };
}

/** Longest times taken from outside, so that no reply can silence an agent for good. */
const maxSeconds = 7 * 24 * 3600;

export function parseSchedule(value: unknown): Enrolled['schedule'] {
  const schedule = object(value, 'schedule');
  return {
    checkInSeconds: Math.min(whole(schedule['checkInSeconds'], 1, 'checkInSeconds'), maxSeconds),
    fullScanSeconds: Math.min(whole(schedule['fullScanSeconds'], 60, 'fullScanSeconds'), maxSeconds),
  };
}

/** Code and detail of a problem document (RFC 9457); empty for anything else. */
export function parseProblem(body: unknown): { code: AgentProblemCode | ''; detail: string } {
  const problem = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 300) : '');
  return { code: text(problem['code']) as AgentProblemCode | '', detail: text(problem['detail']) }; // only compared with known codes
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`${name} is not an object`);
  return value as Record<string, unknown>; // checked on the line above
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length > 1024) throw new Error(`${name} is not a short list`);
  return value;
}

function matching(value: unknown, pattern: RegExp, name: string): string {
  if (typeof value !== 'string' || value.length > 200 || !pattern.test(value)) throw new Error(`${name} is malformed`);
  return value;
}

function uuid(value: unknown, name: string): string {
  return matching(value, /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, name);
}

function collectorName(value: unknown): string {
  return matching(value, /^[a-z][a-z0-9-]{0,63}$/, 'collector');
}

function whole(value: unknown, least: number, name: string): number {
  if (!Number.isSafeInteger(value) || (value as number) < least) throw new Error(`${name} is not a whole number from ${least}`);
  return value as number; // checked on the line above
}
