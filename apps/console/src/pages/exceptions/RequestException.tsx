import Checkbox from '@cloudscape-design/components/checkbox';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import Textarea from '@cloudscape-design/components/textarea';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { endpoints, VexJustification, VexStatus } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { useSettled } from '../../ui/use-settled.ts';

const statuses = VexStatus.options.map((value) => ({ value, label: value.replaceAll('_', ' ') }));
const justifications = VexJustification.options.map((value) => ({ value, label: value.replaceAll('_', ' ') }));

const empty = {
  query: '',
  assets: '',
  status: 'affected',
  justification: VexJustification.options[0] as string,
  reason: '',
  comment: '',
  days: '90',
  anyVersion: false,
};

/** As many characters as the platform takes. What is longer is not cut: whoever pasted it would not see what is missing. */
const most = { reason: 200, comment: 4000 } as const;

function tooLong(form: typeof empty, field: keyof typeof most): string {
  const { length } = form[field];
  return length > most[field] ? `${formatCount(length)} characters; at most ${formatCount(most[field])} are taken` : '';
}

/** Asks for an exception, with what it would cover; `query` and `assets` are where somebody came from. */
export function RequestException({ query, assets, onClose }: { query: string; assets: string; onClose: () => void }) {
  const queries = useQueryClient();
  const [form, setForm] = useState({ ...empty, query, assets });
  const change = (patch: Partial<typeof empty>): void => setForm({ ...form, ...patch });
  const isNotAffected = form.status === 'not_affected';
  const request = useMutation({
    mutationFn: () =>
      call(endpoints.requestException, {
        body: {
          query: form.query,
          assets: form.assets,
          anyVersion: form.anyVersion,
          status: VexStatus.parse(form.status),
          justification: isNotAffected ? VexJustification.parse(form.justification) : null,
          reason: form.reason,
          comment: form.comment,
          expiresInDays: form.days === '' ? null : Number(form.days),
        },
      }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listExceptions) });
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listDetections) });
      onClose();
    },
  });
  const isFitting = form.reason.length <= most.reason && form.comment.length <= most.comment;
  const usable = form.query.trim() !== '' && form.reason.trim() !== '' && isFitting;
  return (
    <FormModal
      title="Request exception"
      size="large"
      action="Request"
      usable={usable}
      busy={request.isPending}
      error={request.error}
      onSubmit={() => request.mutate()}
      onClose={onClose}
    >
      <FormField
        label="Detections"
        description="In the query language, such as “name:CVE-2026-1000” or “package:curl severity:<3”"
      >
        <Input value={form.query} onChange={({ detail }) => change({ query: detail.value })} />
      </FormField>
      <FormField label="Assets" description="In the query language, such as “tag:lab”. Empty: all">
        <Input value={form.assets} onChange={({ detail }) => change({ assets: detail.value })} />
      </FormField>
      {form.query.trim() === '' ? null : <Preview query={form.query} assets={form.assets} />}
      <FormField label="Status">
        <Select
          selectedOption={statuses.find(({ value }) => value === form.status) ?? null}
          options={statuses}
          onChange={({ detail }) => change({ status: detail.selectedOption.value ?? form.status })}
        />
      </FormField>
      {isNotAffected ? (
        <FormField label="Justification">
          <Select
            selectedOption={justifications.find(({ value }) => value === form.justification) ?? null}
            options={justifications}
            onChange={({ detail }) => change({ justification: detail.selectedOption.value ?? form.justification })}
          />
        </FormField>
      ) : null}
      <FormField label="Reason" errorText={tooLong(form, 'reason')}>
        <Input value={form.reason} onChange={({ detail }) => change({ reason: detail.value })} />
      </FormField>
      <FormField label="Comment" errorText={tooLong(form, 'comment')}>
        <Textarea value={form.comment} onChange={({ detail }) => change({ comment: detail.value })} />
      </FormField>
      <FormField label="Days until it expires" description="Empty: as the rules say">
        <Input value={form.days} type="number" inputMode="numeric" onChange={({ detail }) => change({ days: detail.value })} />
      </FormField>
      <Checkbox
        checked={form.anyVersion}
        description="Otherwise a detection is back when another version is installed"
        onChange={({ detail }) => change({ anyVersion: detail.checked })}
      >
        For whatever version is installed
      </Checkbox>
    </FormModal>
  );
}

function Preview({ query, assets }: { query: string; assets: string }) {
  const written = `${query}\0${assets}`;
  const asked = useSettled(written);
  const answer = useQuery({
    queryKey: ['/exceptions/preview', asked],
    queryFn: ({ signal }) => {
      const [ofDetections = '', ofAssets = ''] = asked.split('\0');
      return call(endpoints.previewException, { body: { query: ofDetections, assets: ofAssets } }, signal);
    },
    retry: false,
  });
  if (answer.error) return <Failure error={answer.error} />;
  if (!answer.data || asked !== written) return <p className="quiet">Looking for what it would cover …</p>;
  const { detections, assets: count, checks, names } = answer.data;
  return (
    <p aria-live="polite">
      It would cover {plural(detections, 'detection')} of {plural(checks, 'check')} on {plural(count, 'asset')}
      {names.length === 0 ? '' : `: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ' …' : ''}`}
    </p>
  );
}
