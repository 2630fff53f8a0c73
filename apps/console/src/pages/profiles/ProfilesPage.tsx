import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Profile, settingLabel, settingUnit, writeSettingValue } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { LongText } from '../../ui/LongText.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { EditProfile } from './EditProfile.tsx';
import { RemoveProfile } from './RemoveProfile.tsx';

const columns: readonly Column<Profile>[] = [
  {
    id: 'name',
    header: 'Profile',
    minWidth: 140,
    text: (profile) => profile.name,
    cell: (profile) => (
      <>
        {profile.name}
        {profile.description ? <LongText text={profile.description} /> : null}
      </>
    ),
  },
  {
    id: 'query',
    header: 'For',
    minWidth: 160,
    text: (profile) => profile.query,
    cell: (profile) =>
      profile.query === null ? <span className="quiet">all assets, below every other</span> : <code>{profile.query}</code>,
  },
  {
    id: 'assets',
    header: 'Assets',
    isHighestFirst: true,
    text: (profile) => profile.assets,
    cell: (profile) => (
      <AppLink
        to={paths.assets(profile.query === null ? {} : { query: profile.query })}
        ariaLabel={`${profile.assets} assets of ${profile.name}`}
      >
        {formatCount(profile.assets)}
      </AppLink>
    ),
  },
  {
    id: 'sets',
    header: 'Sets',
    minWidth: 165,
    text: (profile) =>
      settingsOf(profile)
        .map(([name, value]) => `${name} ${value}`)
        .join(', '),
    cell: (profile) => <Sets profile={profile} />,
  },
  {
    id: 'priority',
    header: 'Priority',
    text: (profile) => (profile.query === null ? null : profile.priority),
    cell: (profile) => (profile.query === null ? 'default' : profile.priority),
  },
  {
    id: 'changed',
    header: 'Changed',
    isHighestFirst: true,
    text: (profile) => profile.changedAt,
    cell: (profile) => (
      <>
        <Ago at={profile.changedAt} /> by {profile.changedBy}
      </>
    ),
  },
];

/** What a profile sets, and to what. */
function settingsOf({ settings, upgrades }: Profile): (readonly [string, string])[] {
  return Object.entries({ ...settings, ...upgrades }).map(([name, value]) => [
    settingLabel(name),
    [writeSettingValue(value), settingUnit(name)].filter(Boolean).join(' '),
  ]);
}

/** Agent settings for the assets that fit a query, the profile that wins first. */
export function ProfilesPage() {
  useTitle('Profiles');
  useFrame({}, 'profiles');
  const may = useMay();
  const queries = useQueryClient();
  const answer = useApi(endpoints.listProfiles, {});
  const [editing, setEditing] = useState<Profile | 'new' | null>(null);
  const [removing, setRemoving] = useState<Profile | null>(null);
  const profiles = answer.data?.items ?? [];
  const ranked = profiles.filter(({ query }) => query !== null);
  const order = useMutation({
    mutationFn: (profileIds: Profile['profileId'][]) => call(endpoints.orderProfiles, { body: { profileIds } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listProfiles) }),
  });
  const moveUp = (profile: Profile) => {
    const ids = ranked.map(({ profileId }) => profileId);
    const at = ids.indexOf(profile.profileId);
    order.mutate([...ids.slice(0, at - 1), ...ids.slice(at, at + 1), ...ids.slice(at - 1, at), ...ids.slice(at + 1)]);
  };
  const actions = (profile: Profile) => (
    <SpaceBetween direction="horizontal" size="xs">
      <Button variant="inline-link" ariaLabel={`Edit ${profile.name}`} onClick={() => setEditing(profile)}>
        Edit
      </Button>
      {ranked.indexOf(profile) > 0 ? (
        <Button
          variant="inline-link"
          ariaLabel={`Move ${profile.name} up`}
          disabled={order.isPending}
          onClick={() => moveUp(profile)}
        >
          Move up
        </Button>
      ) : null}
      <Button variant="inline-link" ariaLabel={`Remove ${profile.name}`} onClick={() => setRemoving(profile)}>
        Remove
      </Button>
    </SpaceBetween>
  );
  return (
    <div className="stack">
      {order.error ? <Failure error={order.error} /> : null}
      <WholeTable
        title="Profiles"
        noun="profiles"
        rank="h1"
        description="How agents behave, by what their assets are. The first that sets something wins; the file of a host wins over all"
        columns={columns}
        keyOf={({ profileId }) => profileId}
        answer={answer}
        actions={
          may('profile:write') ? (
            <Button variant="primary" onClick={() => setEditing('new')}>
              Create profile
            </Button>
          ) : null
        }
        rowActions={may('profile:write') ? actions : undefined}
        empty={
          <EmptyState title="No profile">
            <p>Every agent uses its defaults. Make one for assets that need to be left alone, or looked at more often.</p>
          </EmptyState>
        }
      />
      {editing ? <EditProfile profile={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <RemoveProfile profile={removing} onClose={() => setRemoving(null)} /> : null}
    </div>
  );
}

function Sets({ profile }: { profile: Profile }) {
  const all = settingsOf(profile);
  if (all.length === 0) return <span className="quiet">nothing yet</span>;
  return (
    <>
      {all.map(([name, value]) => (
        <div key={name}>
          {name} <strong>{value}</strong>
        </div>
      ))}
    </>
  );
}
