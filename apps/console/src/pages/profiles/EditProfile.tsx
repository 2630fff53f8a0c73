import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import RadioGroup from '@cloudscape-design/components/radio-group';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Profile, type ProfileInput, settingNames, upgradeSettings } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';
import { PreviewChange } from './PreviewChange.tsx';
import { draftOf, type ProfileDraft, readDraft } from './profile-draft.ts';
import { SettingField, YesOrNo } from './SettingField.tsx';

/** Writes a profile, with what it would change on which assets. */
export function EditProfile({ profile, onClose }: { profile: Profile | null; onClose: () => void }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(() => draftOf(profile));
  const { input, wrong } = readDraft(draft);
  const save = useMutation({
    mutationFn: (body: ProfileInput) =>
      profile
        ? call(endpoints.changeProfile, { params: { profileId: profile.profileId }, body })
        : call(endpoints.createProfile, { body }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listProfiles) });
      onClose();
    },
  });
  const change = (part: Partial<ProfileDraft>) => setDraft((before) => ({ ...before, ...part }));
  return (
    <FormModal
      title={profile ? `Edit “${profile.name}”` : 'Create profile'}
      size="large"
      action="Save"
      usable={input !== null}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => void (input && save.mutate(input))}
      onClose={onClose}
    >
      <Scope draft={draft} wrong={wrong} change={change} />
      <h3>Settings</h3>
      {settingNames.map((name) => (
        <SettingField
          key={name}
          name={name}
          value={draft.settings[name] ?? ''}
          error={wrong.get(`settings.${name}`)}
          onChange={(value) => change({ settings: { ...draft.settings, [name]: value } })}
        />
      ))}
      <h3>Upgrades of the agent</h3>
      <FormField
        label={upgradeSettings.preventUpgrade.label}
        description="Agents stay on the version they have. A release rule wins over this"
      >
        <YesOrNo value={draft.preventUpgrade} onChange={(preventUpgrade) => change({ preventUpgrade })} />
      </FormField>
      <FormField
        label={upgradeSettings.windows.label}
        description="When agents may switch to another version, in UTC, one a line such as “sat,sun 02:00-04:00”. Empty: not said here"
        errorText={wrong.get('upgrades.windows')}
      >
        <Textarea rows={2} value={draft.windows} onChange={({ detail }) => change({ windows: detail.value })} />
      </FormField>
      <h3>What would change</h3>
      {input ? (
        <PreviewChange change={{ ...(profile ? { profileId: profile.profileId } : {}), profile: input }} />
      ) : (
        <p className="quiet">Shown once the fields above make sense.</p>
      )}
    </FormModal>
  );
}

/** Its name, and which assets it is for. */
function Scope(props: {
  readonly draft: ProfileDraft;
  readonly wrong: ReadonlyMap<string, string>;
  readonly change: (part: Partial<ProfileDraft>) => void;
}) {
  const { draft, wrong, change } = props;
  return (
    <>
      <FormField label="Name" errorText={draft.name === '' ? undefined : wrong.get('name')}>
        <Input value={draft.name} onChange={({ detail }) => change({ name: detail.value.slice(0, 100) })} />
      </FormField>
      <FormField label="Description">
        <Input value={draft.description} onChange={({ detail }) => change({ description: detail.value.slice(0, 500) })} />
      </FormField>
      <FormField label="For">
        <RadioGroup
          value={draft.query === null ? 'all' : 'query'}
          items={[
            { value: 'query', label: 'Assets that fit a query' },
            { value: 'all', label: 'All assets', description: 'The default of the organization, below every other profile' },
          ]}
          onChange={({ detail }) => change({ query: detail.value === 'all' ? null : '' })}
        />
      </FormField>
      {draft.query === null ? null : (
        <>
          <FormField label="Query" description="Such as “tag:databases” or “hostname:db* and not tag:lab”">
            <Input value={draft.query} onChange={({ detail }) => change({ query: detail.value })} />
          </FormField>
          <FormField
            label="Priority"
            description="1 to 1000. Of profiles that set the same the highest counts"
            errorText={wrong.get('priority')}
          >
            <Input inputMode="numeric" value={draft.priority} onChange={({ detail }) => change({ priority: detail.value })} />
          </FormField>
        </>
      )}
    </>
  );
}
