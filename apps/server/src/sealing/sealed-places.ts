import type { ChannelSettings } from '@vedette/protocol';
import type { SealedPlace } from './sealer.ts';

/** With the place that the secret is sent to: whoever writes another into the row does not get it. */
export function channelPlace({
  organizationId,
  id,
  settings,
}: {
  readonly organizationId: string;
  readonly id: string;
  readonly settings: ChannelSettings;
}): SealedPlace {
  return ['notification_channel.secret', organizationId, id, placeOf(settings)];
}

/** Of what an authenticator program shares with us. */
export function factorPlace({ userId, id }: { readonly userId: string; readonly id: string }): SealedPlace {
  return ['second_factor.key', userId, id];
}

/** Of the same while it is being set up. */
export function challengePlace(sessionId: string): SealedPlace {
  return ['session.challenge', sessionId];
}

/** Where a channel's secret is sent to. */
export function placeOf(settings: ChannelSettings): string {
  switch (settings.kind) {
    case 'email':
      return `email ${settings.host} ${settings.port} ${settings.security} ${settings.user}`;
    case 'webhook':
      return `webhook ${new URL(settings.url).origin}`;
    case 'slack':
    case 'syslog':
      return settings.kind;
  }
}
