import Button from '@cloudscape-design/components/button';
import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ChannelId, endpoints, NotificationEvent, type NotificationRule } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';

const words: Readonly<Record<NotificationEvent, string>> = {
  'detection.new': 'New detection',
  'detection.reopened': 'Reopened detection',
  'detection.fixed': 'Fixed detection',
  'detection.known-exploited': 'Known to be exploited',
  'agent.silent': 'Agent silent',
  'rollout.halted': 'Roll-out halted',
  'feed.failing': 'Feed failing',
};

/** A rule knows its channels by their ids. */
function columnsWith(channels: ReadonlyMap<string, string>): readonly Column<NotificationRule>[] {
  const when = ({ events }: NotificationRule) => events.map((event) => words[event]).join(', ');
  const of = ({ query, assets }: NotificationRule) => [query, assets].filter(Boolean).join(' · ') || 'all';
  const to = ({ channelIds }: NotificationRule) => channelIds.map((id) => channels.get(id) ?? '?').join(', ');
  return [
    { id: 'name', header: 'Rule', text: ({ name }) => name, cell: ({ name }) => name, minWidth: 120 },
    { id: 'events', header: 'When', text: when, cell: when, minWidth: 200 },
    { id: 'query', header: 'Of', text: of, cell: of, minWidth: 120 },
    { id: 'channels', header: 'To', text: to, cell: to },
    { id: 'by', header: 'Saved by', text: ({ createdBy }) => createdBy, cell: (item) => <SavedBy item={item} />, minWidth: 120 },
  ];
}

function SavedBy({ item: { createdBy, problem } }: { item: NotificationRule }) {
  return problem === null ? createdBy : <StatusIndicator type="warning">{problem}</StatusIndicator>;
}

/** What is told. */
export function Rules() {
  const answer = useApi(endpoints.listNotificationRules, {});
  const channels = useApi(endpoints.listNotificationChannels, {});
  const queries = useQueryClient();
  const [creating, setCreating] = useState(false);
  const remove = useMutation({
    mutationFn: (ruleId: NotificationRule['ruleId']) => call(endpoints.deleteNotificationRule, { params: { ruleId } }),
    onSuccess: () => queries.invalidateQueries({ queryKey: keyOf(endpoints.listNotificationRules) }),
  });
  const names = new Map<string, string>(channels.data?.items.map(({ channelId, name }) => [channelId, name]));
  const columns = columnsWith(names);
  return (
    <>
      {remove.error ? <Failure error={remove.error} /> : null}
      <WholeTable
        title="Rules"
        noun="rules"
        scope="rule"
        columns={columns}
        keyOf={({ ruleId }) => ruleId}
        answer={answer}
        actions={
          <Button variant="primary" disabled={names.size === 0} onClick={() => setCreating(true)}>
            Create rule
          </Button>
        }
        rowActions={({ ruleId, name }) => (
          <Button variant="inline-link" ariaLabel={`Delete ${name}`} onClick={() => remove.mutate(ruleId)}>
            Delete
          </Button>
        )}
        empty={
          <EmptyState title="No rule">
            <p>
              {names.size === 0
                ? 'Create a channel first, then a rule that says what goes there.'
                : 'Create one that says what goes where.'}
            </p>
          </EmptyState>
        }
      />
      {creating ? <CreateRule onClose={() => setCreating(false)} /> : null}
    </>
  );
}

function CreateRule({ onClose }: { onClose: () => void }) {
  const queries = useQueryClient();
  const channels = useApi(endpoints.listNotificationChannels, {});
  const [name, setName] = useState('');
  const [query, setQuery] = useState('severity:>=4');
  const [events, setEvents] = useState<readonly NotificationEvent[]>(['detection.new', 'detection.known-exploited']);
  const [channelIds, setChannelIds] = useState<readonly string[]>([]);
  const save = useMutation({
    mutationFn: () => {
      const ids = channelIds.map((id) => ChannelId.parse(id));
      return call(endpoints.saveNotificationRule, {
        body: { name, events: [...events], channelIds: ids, ...(query.trim() ? { query } : {}) },
      });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listNotificationRules) });
      onClose();
    },
  });
  const eventOptions = NotificationEvent.options.map((value) => ({ value: value as string, label: words[value] }));
  const channelOptions = (channels.data?.items ?? []).map((one) => ({ value: one.channelId as string, label: one.name }));
  const isUsable = name.trim() !== '' && events.length > 0 && channelIds.length > 0;
  return (
    <FormModal
      title="Create rule"
      action="Create"
      onClose={onClose}
      onSubmit={() => save.mutate()}
      usable={isUsable}
      busy={save.isPending}
      error={save.error}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, 120))} />
      </FormField>
      <FormField label="When">
        <Multiselect
          options={eventOptions}
          selectedOptions={eventOptions.filter(({ value }) => events.some((one) => one === value))}
          deselectAriaLabel={({ label }) => `Remove ${label}`}
          onChange={({ detail }) => setEvents(detail.selectedOptions.map(({ value }) => NotificationEvent.parse(value)))}
        />
      </FormField>
      <FormField label="Detections" description="A query such as severity:>=4 and asset:(tag:web); empty: all">
        <Input value={query} onChange={({ detail }) => setQuery(detail.value)} />
      </FormField>
      <FormField label="To">
        <Multiselect
          options={channelOptions}
          selectedOptions={channelOptions.filter(({ value }) => channelIds.includes(value))}
          deselectAriaLabel={({ label }) => `Remove ${label}`}
          onChange={({ detail }) => setChannelIds(detail.selectedOptions.flatMap(({ value }) => value ?? []))}
        />
      </FormField>
    </FormModal>
  );
}
