import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import TextFilter from '@cloudscape-design/components/text-filter';
import { useMutation } from '@tanstack/react-query';
import { type ChainedAuditEvent, endpoints } from '@vedette/protocol';
import { useState } from 'react';
import { call, type ReplyOf } from '../../api/call.ts';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Ago } from '../../ui/Ago.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { useSettled } from '../../ui/use-settled.ts';
import { useTitle } from '../../ui/use-title.ts';
import { useUrlState } from '../../ui/use-url-state.ts';

/** Who changed what, and whether the log is whole. */
export function AuditPage() {
  useTitle('Audit log');
  const [state, change] = useUrlState();
  const [after, setAfter] = useState<number | undefined>(undefined);
  const search = useSettled(state['search'] ?? '');
  const answer = useApi(endpoints.listAuditEvents, { query: { search: search || undefined, after, limit: 50 } });
  const verify = useMutation({ mutationFn: () => call(endpoints.verifyAuditLog, { query: {} }) });
  const [shown, setShown] = useState<ChainedAuditEvent | null>(null);
  useFrame(
    {
      panel: shown ? { title: `Event ${shown.number}`, content: <Details event={shown} />, onClose: () => setShown(null) } : null,
    },
    `audit ${shown?.number}`,
  );
  return (
    <div className="stack">
      {verify.error ? <Failure error={verify.error} /> : null}
      {verify.data ? <Verification result={verify.data} /> : null}
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header
            variant="h1"
            counter={answer.data ? `(${answer.data.total})` : ''}
            description="Every change by whomever, each event bound to all before it"
            actions={
              <Button loading={verify.isPending} onClick={() => verify.mutate()}>
                Verify
              </Button>
            }
          >
            Audit log
          </Header>
        }
        filter={
          <TextFilter
            filteringText={state['search'] ?? ''}
            filteringPlaceholder="Login, action or id"
            filteringAriaLabel="Search the audit log"
            onChange={({ detail }) => {
              setAfter(undefined);
              change({ search: detail.filteringText || undefined });
            }}
          />
        }
        ariaLabels={{ tableLabel: 'Audit log' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading the audit log …"
        items={answer.data?.items ?? []}
        trackBy={(event) => `${event.number}`}
        empty={<EmptyState title="Nothing like that was done" />}
        footer={
          <SpaceBetween direction="horizontal" size="xs">
            <Button disabled={after === undefined} onClick={() => setAfter(undefined)}>
              Newest
            </Button>
            <Button disabled={!answer.data?.next} onClick={() => setAfter(answer.data?.next ?? undefined)}>
              Older
            </Button>
          </SpaceBetween>
        }
        columnDefinitions={[
          {
            id: 'number',
            header: 'Event',
            isRowHeader: true,
            cell: (event) => (
              <Button variant="inline-link" ariaLabel={`Show event ${event.number}`} onClick={() => setShown(event)}>
                {event.number}
              </Button>
            ),
          },
          { id: 'at', header: 'When', cell: (event) => <Ago at={event.at} /> },
          { id: 'who', header: 'Who', cell: (event) => event.actor.login },
          { id: 'what', header: 'What', cell: (event) => inWords(event.action) },
          {
            id: 'target',
            header: 'To what',
            minWidth: 160,
            cell: (event) => <code>{Object.values(event.target).join(' ')}</code>,
          },
          { id: 'from', header: 'From', cell: (event) => `${event.actor.address}, ${event.actor.via}` },
          { id: 'outcome', header: 'Outcome', cell: (event) => <Outcome event={event} /> },
        ]}
      />
    </div>
  );
}

/** createApiToken: create api token. */
function inWords(action: string): string {
  return action.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function Outcome({ event: { outcome } }: { event: ChainedAuditEvent }) {
  const type = { done: 'success', refused: 'stopped', failed: 'error' } as const;
  return (
    <StatusIndicator type={type[outcome]} wrapText={false}>
      {outcome}
    </StatusIndicator>
  );
}

function Details({ event }: { event: ChainedAuditEvent }) {
  const { hash, ...rest } = event;
  return (
    <div className="stack">
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
