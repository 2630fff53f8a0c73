import DatePicker from '@cloudscape-design/components/date-picker';
import FormField from '@cloudscape-design/components/form-field';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';
import { emptyScope, ReportScopeFields, toWish } from './ReportScopeFields.tsx';

/** Asks what a report shall be about, and has it made. */
export function CreateReport({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const [draft, setDraft] = useState(emptyScope);
  const [asOf, setAsOf] = useState('');
  const [since, setSince] = useState('');
  const create = useMutation({
    mutationFn: () => {
      const moments = {
        ...(asOf ? { asOf: endOf(asOf) } : {}),
        ...(since && draft.kind === 'difference' ? { since: endOf(since) } : {}),
      };
      return call(endpoints.createReport, { body: { ...toWish(draft), ...moments } });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listReports) });
      onClose();
    },
  });
  return (
    <FormModal
      title="Create report"
      action="Create"
      onClose={onClose}
      onSubmit={() => create.mutate()}
      usable
      busy={create.isPending}
      error={create.error}
    >
      <ReportScopeFields draft={draft} onChange={setDraft} />
      <FormField label="As of" description="The end of a day in UTC; empty: now">
        <DatePicker value={asOf} placeholder="YYYY/MM/DD" onChange={({ detail }) => setAsOf(detail.value)} />
      </FormField>
      {draft.kind === 'difference' ? (
        <FormField label="Since" description="The end of a day in UTC; empty: the last such report, or a week before">
          <DatePicker value={since} placeholder="YYYY/MM/DD" onChange={({ detail }) => setSince(detail.value)} />
        </FormField>
      ) : null}
    </FormModal>
  );
}

function endOf(day: string): string {
  return `${day}T23:59:59.999Z`;
}
