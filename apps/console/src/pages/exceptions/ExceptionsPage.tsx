import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import SpaceBetween from '@cloudscape-design/components/space-between';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Exception, ExceptionState, type VexFormat } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useList } from '../../api/use-list.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { saveFile } from '../../ui/csv.ts';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FilterSelect } from '../../ui/FilterSelect.tsx';
import { formatCount, formatMoment, plural } from '../../ui/format.ts';
import { type Column, ListTable } from '../../ui/ListTable.tsx';
import { oneOf, useUrlState } from '../../ui/use-url-state.ts';
import { LongText } from '../../ui/LongText.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { ExceptionRulesForm, rulesInWords } from './ExceptionRulesForm.tsx';
import { ImportVex } from './ImportVex.tsx';
import { RequestException } from './RequestException.tsx';

const indicators = { requested: 'pending', active: 'success', expired: 'stopped', ended: 'stopped', rejected: 'error' } as const;

const orders = [
  'requestedAt',
  'reason',
  'state',
  'query',
  'covered',
  'expiresAt',
  'assets',
  'comment',
  'status',
  'requestedBy',
  'decidedBy',
] as const;

const columns: readonly Column<Exception>[] = [
  {
    id: 'reason',
    header: 'Reason',
    sort: 'reason',
    text: (item) => item.reason,
    minWidth: 160,
    cell: (item) => (
      <>
        {item.reason}
        {item.comment ? <LongText text={item.comment} /> : null}
      </>
    ),
  },
  {
    id: 'state',
    header: 'State',
    sort: 'state',
    text: (item) => item.state,
    minWidth: 130,
    cell: (item) => (
      <>
        <StatusIndicator type={indicators[item.state]} wrapText={false}>
          {item.state}
        </StatusIndicator>
        <div className="quiet">{statusOf(item)}</div>
      </>
    ),
  },
  {
    id: 'checks',
    header: 'For',
    sort: 'query',
    text: (item) => item.query,
    minWidth: 180,
    cell: (item) => (
      <>
        <code>{item.query}</code>
        <div className="quiet">
          {item.names.join(', ')}
          {item.checks > item.names.length ? ` and ${item.checks - item.names.length} more` : ''}
        </div>
        <div>on {item.assets === '' ? 'all assets' : <code>{item.assets}</code>}</div>
      </>
    ),
  },
  {
    id: 'covered',
    header: 'Covers',
    sort: 'covered',
    isHighestFirst: true,
    text: (item) => item.covered,
    cell: (item) => <Covered item={item} />,
  },
  {
    id: 'expires',
    header: 'Until',
    sort: 'expiresAt',
    text: (item) => item.expiresAt,
    minWidth: 140,
    cell: (item) => (
      <>
        {item.expiresAt === null ? 'somebody ends it' : formatMoment(item.expiresAt)}
        <div className="quiet">
          asked <Ago at={item.requestedAt} /> by {item.requestedBy}
          {item.decidedBy === null ? '' : `, decided by ${item.decidedBy}`}
        </div>
      </>
    ),
  },
  {
    id: 'on',
    header: 'On assets',
    sort: 'assets',
    isExtra: true,
    text: (item) => item.assets,
    cell: (item) => <code>{item.assets}</code>,
  },
  {
    id: 'comment',
    header: 'Comment',
    sort: 'comment',
    isExtra: true,
    text: (item) => item.comment,
    cell: (item) => item.comment,
  },
  { id: 'status', header: 'VEX status', sort: 'status', isExtra: true, text: (item) => item.status, cell: statusOf },
  {
    id: 'requestedAt',
    header: 'Asked',
    sort: 'requestedAt',
    isHighestFirst: true,
    isExtra: true,
    text: (item) => item.requestedAt,
    cell: (item) => <Ago at={item.requestedAt} />,
  },
  {
    id: 'requestedBy',
    header: 'Asked by',
    sort: 'requestedBy',
    isExtra: true,
    text: (item) => item.requestedBy,
    cell: (item) => item.requestedBy,
  },
  {
    id: 'decidedBy',
    header: 'Decided by',
    sort: 'decidedBy',
    isExtra: true,
    text: (item) => item.decidedBy,
    cell: (item) => item.decidedBy ?? '–',
  },
];

function statusOf({ status }: Exception): string {
  return status.replaceAll('_', ' ');
}

/** What somebody said is of no concern for a time, and why. */
export function ExceptionsPage() {
  useTitle('Exceptions');
  useFrame({}, 'exceptions');
  const [address, change] = useUrlState();
  const state = oneOf(address['state'], ['', ...ExceptionState.options]);
  const list = useList(endpoints.listExceptions, {
    query: {
      state: state === '' ? undefined : state,
      sort: oneOf(address['sort'], orders),
      direction: oneOf(address['direction'], ['ascending', 'descending']),
    },
  });
  const may = useMay();
  const rules = useApi(endpoints.getExceptionRules, {});
  const [dialog, setDialog] = useState<'request' | 'import' | 'rules' | null>(null);
  const { request, assets = '' } = address;
  const close = (): void => {
    setDialog(null);
    if (request !== undefined) change({ request: undefined, assets: undefined });
  };
  const [failure, setFailure] = useState<unknown>(null);
  const download = (format: VexFormat): void => {
    call(endpoints.exportVex, { query: { standard: format } }).then(
      (document) => saveFile(`vedette.${format}.json`, JSON.stringify(document, null, 2)),
      setFailure,
    );
  };
  return (
    <div className="stack">
      {failure === null ? null : <Failure error={failure} />}
      <ListTable
        title="Exceptions"
        noun="exceptions"
        rank="h1"
        description={
          <>
            Detections under an exception are left out of what is open and of risk, until its time is over or another version is
            installed. {rules.data ? rulesInWords(rules.data) : null}
          </>
        }
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <ButtonDropdown
              items={[
                { id: 'openvex', text: 'OpenVEX' },
                { id: 'cyclonedx', text: 'CycloneDX' },
              ]}
              onItemClick={({ detail }) => download(detail.id === 'cyclonedx' ? 'cyclonedx' : 'openvex')}
            >
              Export VEX
            </ButtonDropdown>
            {rules.data && may('settings:write') ? <Button onClick={() => setDialog('rules')}>Rules</Button> : null}
            {may('exception:write') ? <Button onClick={() => setDialog('import')}>Import VEX</Button> : null}
            {may('exception:write') ? (
              <Button variant="primary" onClick={() => setDialog('request')}>
                Request exception
              </Button>
            ) : null}
          </SpaceBetween>
        }
        filter={
          <div className="filters">
            <FilterSelect
              label="State"
              value={state}
              choices={[['', 'any'], ...ExceptionState.options.map((one) => [one, one] as const)]}
              onChange={(value) => change({ state: value || undefined })}
            />
          </div>
        }
        columns={columns}
        keyOf={({ exceptionId }) => exceptionId}
        list={list}
        rowActions={(item) => <Actions item={item} onFailure={setFailure} />}
        empty={
          <EmptyState title="No exception">
            <p>Ask for one where a detection is of no concern, or cannot be fixed for a time.</p>
          </EmptyState>
        }
      />
      {dialog === 'request' || (request !== undefined && may('exception:write')) ? (
        <RequestException query={request ?? ''} assets={assets} onClose={close} />
      ) : null}
      {dialog === 'import' ? <ImportVex onClose={close} /> : null}
      {dialog === 'rules' && rules.data ? <ExceptionRulesForm rules={rules.data} onClose={close} /> : null}
    </div>
  );
}

function Covered({ item: { covered, exceptionId, reason } }: { item: Exception }) {
  if (covered === null) return '–';
  return (
    <AppLink to={paths.coveredBy(exceptionId)} ariaLabel={`${plural(covered, 'detection')} under ${reason}`}>
      {formatCount(covered)}
    </AppLink>
  );
}

function Actions({ item, onFailure }: { item: Exception; onFailure: (error: unknown) => void }) {
  const may = useMay();
  const { data: me } = useApi(endpoints.getSession, {});
  const queries = useQueryClient();
  const params = { exceptionId: item.exceptionId };
  const act = useMutation({
    mutationFn: (action: 'approved' | 'rejected' | 'end') =>
      action === 'end'
        ? call(endpoints.endException, { params })
        : call(endpoints.decideException, { params, body: { decision: action } }),
    onSuccess: async () => {
      onFailure(null);
      // What is open has changed everywhere.
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listExceptions) });
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listDetections) });
    },
    onError: onFailure,
  });
  const button = (label: string, action: 'approved' | 'rejected' | 'end') => (
    <Button
      variant="inline-link"
      ariaLabel={`${label} ${item.reason}`}
      loading={act.isPending}
      onClick={() => act.mutate(action)}
    >
      {label}
    </Button>
  );
  // Who sees only some assets ends what they asked for themselves.
  const end = may('exception:approve') || (may('exception:write') && item.requestedBy === me?.login);
  if (item.state === 'active') return end ? button('End', 'end') : '–';
  if (item.state !== 'requested') return '–';
  return (
    <SpaceBetween direction="horizontal" size="xs">
      {may('exception:approve') ? button('Approve', 'approved') : null}
      {may('exception:approve') ? button('Reject', 'rejected') : null}
      {end ? button('Take back', 'end') : null}
    </SpaceBetween>
  );
}
