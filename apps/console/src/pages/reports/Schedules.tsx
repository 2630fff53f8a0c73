import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type ReportSchedule } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { formatMoment, plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { kindWord, titleOf } from './kind-words.ts';
import { emptyScope, ReportScopeFields, toWish } from './ReportScopeFields.tsx';

const columns: readonly Column<ReportSchedule>[] = [
  { id: 'name', header: 'Schedule', text: titleOf, cell: titleOf },
  { id: 'kind', header: 'Kind', text: ({ kind }) => kindWord(kind), cell: ({ kind }) => kindWord(kind) },
  { id: 'cron', header: 'Times', text: timesOf, cell: timesOf },
  {
    id: 'next',
    header: 'Next',
    text: ({ nextRunAt }) => nextRunAt,
    cell: (item) => <Next item={item} />,
    minWidth: 160,
  },
  {
    id: 'last',
    header: 'Last',
    isHighestFirst: true,
    text: ({ lastRunAt }) => lastRunAt,
    cell: ({ lastRunAt }) => (lastRunAt === null ? 'not yet' : <Ago at={lastRunAt} />),
  },
  { id: 'mail', header: 'Sent to', text: receiversOf, cell: receiversOf },
  { id: 'by', header: 'Owner', text: ({ createdBy }) => createdBy, cell: ({ createdBy }) => createdBy },
];

function Next({ item: { nextRunAt, problem } }: { item: ReportSchedule }) {
  if (problem !== null) return <StatusIndicator type="error">{problem}</StatusIndicator>;
  return nextRunAt === null ? 'never' : formatMoment(nextRunAt);
}

function timesOf({ cron, timeZone }: ReportSchedule): string {
  return `${cron} (${timeZone})`;
}

function receiversOf({ channelIds }: ReportSchedule): string {
  return channelIds.length === 0 ? 'kept here' : plural(channelIds.length, 'channel');
}

/** Reports that are made at certain times. */
export function Schedules() {
  const answer = useApi(endpoints.listReportSchedules, {});
  const me = useApi(endpoints.getSession, {});
  const queries = useQueryClient();
  const [creating, setCreating] = useState(false);
  const remove = useMutation({
    mutationFn: (scheduleId: string) => call(endpoints.deleteReportSchedule, { params: { scheduleId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listReportSchedules) }),
  });
  const run = useMutation({
    mutationFn: (scheduleId: string) => call(endpoints.runReportSchedule, { params: { scheduleId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listReports) }),
  });
  const takeOver = useMutation({
    mutationFn: (scheduleId: string) => call(endpoints.takeOverReportSchedule, { params: { scheduleId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listReportSchedules) }),
  });
  const error = remove.error ?? run.error ?? takeOver.error;
  return (
    <>
      {error ? <Failure error={error} /> : null}
      <WholeTable
        title="Schedules"
        noun="schedules"
        columns={columns}
        keyOf={({ scheduleId }) => scheduleId}
        answer={answer}
        actions={<Button onClick={() => setCreating(true)}>Create schedule</Button>}
        rowActions={({ scheduleId, name, createdBy, problem }) => (
          <SpaceBetween direction="horizontal" size="xs">
            {problem === null ? (
              <Button variant="inline-link" ariaLabel={`Run ${name} now`} onClick={() => run.mutate(scheduleId)}>
                Run now
              </Button>
            ) : null}
            {createdBy === me.data?.login ? null : (
              <Button variant="inline-link" ariaLabel={`Take over ${name}`} onClick={() => takeOver.mutate(scheduleId)}>
                Take over
              </Button>
            )}
            <Button variant="inline-link" ariaLabel={`Delete ${name}`} onClick={() => remove.mutate(scheduleId)}>
              Delete
            </Button>
          </SpaceBetween>
        )}
        empty={
          <EmptyState title="No schedule">
            <p>A schedule makes a report at its times, keeps it, and sends it by e-mail where you name a channel.</p>
          </EmptyState>
        }
      />
      {creating ? <CreateSchedule onClose={() => setCreating(false)} /> : null}
    </>
  );
}

function CreateSchedule({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const channels = useApi(endpoints.listNotificationChannels, {});
  const [draft, setDraft] = useState(emptyScope);
  const [cron, setCron] = useState('0 7 * * 1');
  const [timeZone, setTimeZone] = useState(() => Intl.DateTimeFormat().resolvedOptions().timeZone);
  const [channelIds, setChannelIds] = useState<readonly string[]>([]);
  const save = useMutation({
    mutationFn: () =>
      call(endpoints.saveReportSchedule, { body: { ...toWish(draft), cron, timeZone, channelIds: [...channelIds] } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listReportSchedules) });
      onClose();
    },
  });
  const mail = (channels.data?.items ?? []).filter(({ settings }) => settings.kind === 'email');
  const options = mail.map(({ channelId, name }) => ({ value: channelId as string, label: name }));
  return (
    <FormModal
      title="Create schedule"
      action="Create"
      onClose={onClose}
      onSubmit={() => save.mutate()}
      usable
      busy={save.isPending}
      error={save.error}
    >
      <ReportScopeFields draft={draft} onChange={setDraft} />
      <FormField label="Times" description="minute hour day month weekday; 0 7 * * 1 is every Monday at seven">
        <Input value={cron} onChange={({ detail }) => setCron(detail.value)} />
      </FormField>
      <FormField label="Time zone">
        <Input value={timeZone} onChange={({ detail }) => setTimeZone(detail.value)} />
      </FormField>
      <FormField label="Send to" description="E-mail channels; none: kept for download">
        <Multiselect
          options={options}
          selectedOptions={options.filter(({ value }) => channelIds.includes(value))}
          empty="There is no e-mail channel: see Notifications"
          deselectAriaLabel={({ label }) => `Remove ${label}`}
          onChange={({ detail }) => setChannelIds(detail.selectedOptions.flatMap(({ value }) => value ?? []))}
        />
      </FormField>
    </FormModal>
  );
}
