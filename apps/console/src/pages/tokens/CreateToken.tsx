import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Permission } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { permissionOptions } from '../../components/permission-options.ts';
import { FormModal } from '../../ui/FormModal.tsx';

/** Asks for a name and an end; closes with the new token, or with nothing. */
export function CreateToken({ onClose }: { onClose: (token?: ReplyOf<typeof endpoints.createApiToken>) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [days, setDays] = useState('90');
  const { data: me } = useApi(endpoints.getSession, {});
  const [chosen, setChosen] = useState<readonly Permission[]>([]);
  const permissions = chosen.length > 0 ? [...chosen] : null;
  const create = useMutation({
    mutationFn: () => call(endpoints.createApiToken, { body: { name, expiresInDays: days ? Number(days) : null, permissions } }),
    onSuccess: async (token) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listApiTokens) });
      onClose(token);
    },
  });
  return (
    <FormModal
      title="Create API token"
      action="Create"
      usable={name.trim() !== ''}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => create.mutate()}
      onClose={() => onClose()}
    >
      <FormField label="Name" description="What uses it, for example “nightly report”">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 100))} />
      </FormField>
      <FormField label="Days until it expires" description="Empty: never">
        <Input value={days} inputMode="numeric" type="number" onChange={({ detail }) => setDays(detail.value)} />
      </FormField>
      <FormField label="Permissions" description="None chosen: whatever you may">
        <Multiselect
          options={permissionOptions(me?.permissions ?? [])}
          placeholder="Whatever you may"
          filteringType="auto"
          filteringAriaLabel="Find permissions"
          deselectAriaLabel={({ label }) => `Remove ${label ?? ''}`}
          selectedOptions={permissionOptions(chosen)}
          onChange={({ detail }) => setChosen(detail.selectedOptions.map(({ value }) => value as Permission))} // one of the options
        />
      </FormField>
    </FormModal>
  );
}
