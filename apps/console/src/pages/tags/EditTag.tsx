import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, Exposure, type ListedTag, TagName } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { AffectedAssets } from '../../components/AffectedAssets.tsx';
import { FormModal } from '../../ui/FormModal.tsx';

const none = { value: '', label: 'says nothing of it' };
const criticalities = [
  none,
  { value: '1', label: '1: no harm' },
  { value: '2', label: '2: little' },
  { value: '3', label: '3: as usual' },
  { value: '4', label: '4: much' },
  { value: '5', label: '5: the business stands still' },
];
const exposures = [none, ...Exposure.options.map((value) => ({ value, label: value }))];

/** Says what a new tag or a known one means, with the assets that fit. */
export function EditTag({ tag, onClose }: { tag: ListedTag | null; onClose: () => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState(tag?.name ?? '');
  const [description, setDescription] = useState(tag?.description ?? '');
  const [query, setQuery] = useState(tag?.query ?? '');
  const [criticality, setCriticality] = useState(tag?.criticality ? String(tag.criticality) : '');
  const [exposure, setExposure] = useState<string>(tag?.exposure ?? '');
  const save = useMutation({
    mutationFn: () =>
      call(endpoints.saveTag, {
        params: { name },
        body: {
          description,
          query: query.trim() === '' ? null : query,
          criticality: criticality === '' ? null : Number(criticality),
          exposure: Exposure.nullable().parse(exposure === '' ? null : exposure),
        },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listTags) });
      onClose();
    },
  });
  const isNamed = TagName.safeParse(name).success;
  return (
    <FormModal
      title={tag ? `Edit “${tag.name}”` : 'Create tag'}
      size="large"
      action="Save"
      usable={isNamed}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <FormField
        label="Name"
        constraintText="Lower-case letters, digits and : . _ -"
        errorText={name !== '' && !isNamed ? 'This is no name of a tag' : undefined}
      >
        <Input value={name} disabled={tag !== null} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <FormField label="Description">
        <Input value={description} onChange={({ detail }) => setDescription(detail.value.slice(0, 500))} />
      </FormField>
      <FormField
        label="Query"
        description="Assets that fit have the tag, such as “hostname:web and os:debian”. Empty: by hand alone"
      >
        <Input value={query} onChange={({ detail }) => setQuery(detail.value)} />
      </FormField>
      {query.trim() === '' ? null : <AffectedAssets query={query} />}
      <FormField label="Criticality" description="What the loss of such an asset would mean">
        <Select
          selectedOption={criticalities.find(({ value }) => value === criticality) ?? none}
          options={criticalities}
          onChange={({ detail }) => setCriticality(detail.selectedOption.value ?? '')}
        />
      </FormField>
      <FormField label="Exposure" description="From where such an asset can be reached">
        <Select
          selectedOption={exposures.find(({ value }) => value === exposure) ?? none}
          options={exposures}
          onChange={({ detail }) => setExposure(detail.selectedOption.value ?? '')}
        />
      </FormField>
    </FormModal>
  );
}
