import Button from '@cloudscape-design/components/button';
import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import type { EntityName } from '@vedette/query';
import { useState } from 'react';
import { call } from '../api/call.ts';
import { keyOf, useApi } from '../api/use-api.ts';
import { FormModal } from '../ui/FormModal.tsx';

/** A button beside a list that keeps what was asked for under a name. */
export function SaveQuery({ about, query }: { about: EntityName; query: string }) {
  const [isOpen, setOpen] = useState(false);
  if (query === '') return null;
  return (
    <>
      <Button onClick={() => setOpen(true)}>Save query</Button>
      {isOpen ? <SaveDialog about={about} query={query} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

function SaveDialog({ about, query, onClose }: { about: EntityName; query: string; onClose: () => void }) {
  const queries = useQueryClient();
  const { data: me } = useApi(endpoints.getSession, {});
  const [name, setName] = useState('');
  const [shared, setShared] = useState(false);
  const [onDashboard, setOnDashboard] = useState(true);
  const save = useMutation({
    mutationFn: () => call(endpoints.saveQuery, { body: { name, about, query, shared, onDashboard } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listSavedQueries) });
      onClose();
    },
  });
  return (
    <FormModal
      title="Save query"
      action="Save"
      usable={name.trim() !== ''}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <code>{query}</code>
      <FormField label="Name" description="One of yours with the same name is replaced.">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 100))} />
      </FormField>
      <Checkbox checked={onDashboard} onChange={({ detail }) => setOnDashboard(detail.checked)}>
        Show how many it finds on the dashboard
      </Checkbox>
      {!me?.permissions.includes('query:share') ? null : (
        <Checkbox checked={shared} onChange={({ detail }) => setShared(detail.checked)}>
          Share it with everybody of {me?.organization ?? 'the organization'}
        </Checkbox>
      )}
    </FormModal>
  );
}
