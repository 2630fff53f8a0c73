import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';

/** Asks for the few things a key may have; closes with the new key, or with nothing. */
export function CreateKey({ onClose }: { onClose: (key?: ReplyOf<typeof endpoints.createActivationKey>) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [maxUses, setMaxUses] = useState('');
  const [days, setDays] = useState('');
  const create = useMutation({
    mutationFn: () =>
      call(endpoints.createActivationKey, {
        body: { name, maxUses: maxUses ? Number(maxUses) : null, expiresInDays: days ? Number(days) : null },
      }),
    onSuccess: async (key) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listActivationKeys) });
      onClose(key);
    },
  });
  return (
    <FormModal
      title="Create activation key"
      action="Create"
      usable={name.trim() !== ''}
      busy={create.isPending}
      error={create.error}
      onSubmit={() => create.mutate()}
      onClose={() => onClose()}
    >
      <FormField label="Name" description="Where it is used, for example “web servers”">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 100))} />
      </FormField>
      <FormField label="Most agents that may use it" description="Empty: no limit">
        <Input value={maxUses} inputMode="numeric" type="number" onChange={({ detail }) => setMaxUses(detail.value)} />
      </FormField>
      <FormField label="Days until it expires" description="Empty: never">
        <Input value={days} inputMode="numeric" type="number" onChange={({ detail }) => setDays(detail.value)} />
      </FormField>
    </FormModal>
  );
}
