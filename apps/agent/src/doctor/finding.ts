/** Where on its way a request can fail, in order. */
export type Hop = 'state' | 'disk' | 'identity' | 'dns' | 'tcp' | 'proxy' | 'tls' | 'http' | 'clock' | 'upgrade';

export interface Finding {
  readonly hop: Hop;
  /** A warning does not keep the agent from working. */
  readonly level: 'ok' | 'warning' | 'problem';
  readonly detail: string;
  /** What to do about it; null when there is nothing to do. */
  readonly remedy: string | null;
}

export function fine(hop: Hop, detail: string): Finding {
  return { hop, level: 'ok', detail, remedy: null };
}

export function problem(hop: Hop, detail: string, remedy: string): Finding {
  return { hop, level: 'problem', detail, remedy };
}
