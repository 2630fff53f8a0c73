import type { Permission } from '@vedette/protocol';
import { paths } from '../paths.ts';

interface Place {
  readonly text: string;
  readonly href: string;
  /** Needed to see anything there; nothing where it is left out. */
  readonly needs?: Permission;
}

/** What can be gone to, in groups, in the order of the navigation. */
export const placeGroups: readonly (readonly Place[])[] = [
  [
    { text: 'Dashboard', href: paths.dashboard(), needs: 'detection:read' },
    { text: 'Assets', href: paths.assets(), needs: 'asset:read' },
    { text: 'Detections', href: paths.detections(), needs: 'detection:read' },
    { text: 'Checks', href: paths.checks(), needs: 'check:read' },
    { text: 'Software', href: paths.software(), needs: 'asset:read' },
    { text: 'Events', href: paths.events(), needs: 'asset:read' },
    { text: 'Compare', href: paths.compare(), needs: 'detection:read' },
    { text: 'Saved queries', href: paths.queries() },
    { text: 'Reports', href: paths.reports(), needs: 'report:read' },
    { text: 'Fix lists', href: paths.fixes(), needs: 'detection:read' },
    { text: 'Exceptions', href: paths.exceptions(), needs: 'exception:read' },
  ],
  [
    { text: 'Tags', href: paths.tags(), needs: 'tag:read' },
    { text: 'Agents', href: paths.agents(), needs: 'activation-key:read' },
    { text: 'Profiles', href: paths.profiles(), needs: 'profile:read' },
    { text: 'Releases', href: paths.releases(), needs: 'release:read' },
    { text: 'Knowledge base', href: paths.knowledge(), needs: 'knowledge:read' },
    { text: 'Notifications', href: paths.notifications(), needs: 'notification:read' },
    { text: 'Settings', href: paths.settings(), needs: 'detection:read' },
  ],
  [
    { text: 'Users', href: paths.users(), needs: 'user:read' },
    { text: 'Roles', href: paths.roles(), needs: 'role:read' },
    { text: 'Audit log', href: paths.audit(), needs: 'audit:read' },
  ],
  [
    { text: 'About', href: paths.about() },
    { text: 'Platform identification', href: paths.platform() },
  ],
];

/** The groups as far as somebody may go there; those without a place are left out. */
export function placesFor(may: (permission: Permission) => boolean): readonly (readonly Place[])[] {
  return placeGroups
    .map((group) => group.filter(({ needs }) => needs === undefined || may(needs)))
    .filter((group) => group.length > 0);
}
