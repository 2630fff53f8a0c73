import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation } from '@tanstack/react-query';
import { type ChainedAuditEvent, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { useList } from '../../api/use-list.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Ago } from '../../ui/Ago.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatMoment } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { matchesOf } from '../../ui/list-total.ts';
import { SearchField } from '../../ui/SearchField.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';

const told: readonly Column<ChainedAuditEvent>[] = [
  {
    id: 'at',
    header: 'When',
    sort: 'at',
    isHighestFirst: true,
    text: (event) => event.at,
    cell: (event) => <Ago at={event.at} />,
  },
  { id: 'who', header: 'Who', sort: 'login', text: (event) => event.actor.login, cell: (event) => event.actor.login },
  { id: 'what', header: 'What', sort: 'action', text: (event) => event.action, cell: (event) => inWords(event.action) },
  {
    id: 'target',
    header: 'To what',
    sort: 'target',
    minWidth: 160,
    text: targetOf,
    cell: (event) => <code>{targetOf(event)}</code>,
  },
  { id: 'from', header: 'From', sort: 'address', text: originOf, cell: originOf },
  { id: 'outcome', header: 'Outcome', sort: 'outcome', text: outcomeOf, cell: (event) => <Outcome event={event} /> },
];

function targetOf({ target }: ChainedAuditEvent): string {
  return Object.values(target).join(' ');
}

function originOf({ actor }: ChainedAuditEvent): string {
  return `${actor.address}, ${actor.via}`;
}

/** Who changed what, and whether the log is whole. */
export function AuditPage() {
  useTitle('Audit log');
  const [state] = useUrlState();
  const list = useList(endpoints.listAuditEvents, {
    query: {
      search: state['search'],
      sort: oneOf(state['sort'], ['number', 'at', 'login', 'action', 'target', 'address', 'outcome']),
      direction: oneOf(state['direction'], ['ascending', 'descending']),
    },
  });
  const verify = useMutation({ mutationFn: () => call(endpoints.verifyAuditLog, { query: {} }) });
  const [shown, setShown] = useState<ChainedAuditEvent | null>(null);
  useFrame(
    {
      panel: shown ? { title: `Event ${shown.number}`, content: <Details event={shown} />, onClose: () => setShown(null) } : null,
    },
    `audit ${shown?.number}`,
  );
  const columns: readonly Column<ChainedAuditEvent>[] = [
    {
      id: 'number',
      header: 'Event',
      sort: 'number',
      isHighestFirst: true,
      text: (event) => event.number,
      cell: (event) => (
        <Button variant="inline-link" ariaLabel={`Show event ${event.number}`} onClick={() => setShown(event)}>
          {event.number}
        </Button>
      ),
    },
    ...told,
  ];
  return (
    <div className="stack">
      {verify.error ? <Failure error={verify.error} /> : null}
      {verify.data ? <Verification result={verify.data} /> : null}
      <ListTable
        title="Audit log"
        noun="audit events"
        rank="h1"
        description="Every change by whomever, each event bound to all before it"
        columns={columns}
        keyOf={({ number }) => `${number}`}
        list={list}
        actions={
          <Button loading={verify.isPending} onClick={() => verify.mutate()}>
            Verify
          </Button>
        }
        filter={<SearchField label="Find a login, action or id" count={matchesOf(list)} />}
        empty={<EmptyState title="Nothing like that was done" />}
      />
    </div>
  );
}

/** createApiToken: create api token. */
function inWords(action: string): string {
  return action.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

/** The platform stopped in the middle of it: some of it may be done. */
function isInterrupted({ detail }: ChainedAuditEvent): boolean {
  return typeof detail === 'object' && detail['interrupted'] === true;
}

function outcomeOf(event: ChainedAuditEvent): string {
  return isInterrupted(event) ? 'interrupted' : event.outcome;
}

function Outcome({ event }: { event: ChainedAuditEvent }) {
  const type = { done: 'success', refused: 'stopped', failed: 'error' } as const;
  return (
    <StatusIndicator type={isInterrupted(event) ? 'warning' : type[event.outcome]} wrapText={false}>
      {outcomeOf(event)}
    </StatusIndicator>
  );
}

function Details({ event }: { event: ChainedAuditEvent }) {
  const { hash, ...rest } = event;
  const begunAt = typeof event.detail === 'object' ? event.detail['begunAt'] : undefined;
  return (
    <div className="stack">
      {isInterrupted(event) ? (
        <Alert type="warning" statusIconAriaLabel="Warning" header="The platform stopped while this was being done">
          {typeof begunAt === 'string' ? `It began on ${formatMoment(begunAt)}. ` : ''}All of it, some of it or nothing may have
          happened: look at what it was done to, and do it again where it is missing.
        </Alert>
      ) : null}
      <pre className="plain">{JSON.stringify(rest, null, 2)}</pre>
      <p>Hash of this event and all before it:</p>
      <CopyLine label="the hash" text={hash} />
    </div>
  );
}

function Verification({ result: { head, fault } }: { result: ReplyOf<typeof endpoints.verifyAuditLog> }) {
  if (fault) {
    return (
      <Alert type="error" statusIconAriaLabel="Error" header={`The log was changed: event ${fault.number} is ${fault.fault}`}>
        {fault.detail}
      </Alert>
    );
  }
  return (
    <Alert type="success" statusIconAriaLabel="Success" header={`All ${head.number} events are as they were written`}>
      <p>Keep this elsewhere. With it, cutting off the end or writing all anew is noticed too:</p>
      <CopyLine label="the command" text={`./vedette audit verify --head ${head.number}:${head.hash}`} />
    </Alert>
  );
}
