import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Modal from '@cloudscape-design/components/modal';
import Multiselect from '@cloudscape-design/components/multiselect';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Permission } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { permissionOptions } from '../../components/permission-options.ts';
import { Failure } from '../../ui/Failure.tsx';

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
  const usable = name.trim() !== '' && !create.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (usable) create.mutate();
  };
  return (
    <Modal
      visible
      header="Create API token"
      closeAriaLabel="Close"
      onDismiss={() => onClose()}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={() => onClose()}>
              Cancel
            </Button>
            <Button variant="primary" loading={create.isPending} disabled={!usable} onClick={() => create.mutate()}>
              Create
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form className="stack" onSubmit={submit}>
        {create.error ? <Failure error={create.error} /> : null}
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
      </form>
    </Modal>
  );
}
