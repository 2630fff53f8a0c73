import { type CheckKind, type Detection, endpoints } from '@vedette/protocol';
import { type ReactNode, useMemo } from 'react';
import { call } from '../api/call.ts';
import { useApi } from '../api/use-api.ts';
import { FilterSelect } from '../ui/FilterSelect.tsx';
import { ListTable, rowsPerPage } from '../ui/ListTable.tsx';
import { oneOf, pageOf, useUrlState } from '../ui/use-url-state.ts';
import { detectionColumns } from './detection-columns.tsx';
import { exactSeverityChoices, severityQuery } from './Severity.tsx';

const statusChoices = [
  ['open', 'open'],
  ['new', 'new'],
  ['active', 'active'],
  ['reopened', 'reopened'],
  ['fixed', 'fixed'],
  ['all', 'all'],
] as const;
const onlyChoices = [
  ['', 'everything'],
  ['exploited', 'known exploited'],
  ['new-week', 'found in 7 days'],
  ['fixed-week', 'fixed in 7 days'],
] as const;
const kindChoices = [
  ['', 'all kinds'],
  ['vulnerability', 'vulnerabilities'],
  ['posture', 'posture'],
] as const;
const onlyQuery = {
  '': {},
  exploited: { exploited: 'true' },
  'new-week': { foundWithinDays: 7 },
  'fixed-week': { fixedWithinDays: 7 },
} as const;

interface DetectionListProps {
  readonly title: string;
  readonly assetId?: string;
  readonly check?: number;
  /** Only these; where it is not given a filter chooses. */
  readonly kind?: CheckKind;
  readonly rank?: 'h1' | 'h2';
  readonly empty: ReactNode;
  /** True while the panel beside the list says why one of them exists. */
  readonly explaining: boolean;
  /** Shows why a detection exists. */
  readonly onExplain: (detection: Detection) => void;
}

/** Detections of everything, of one asset, or of one check; the filters live in the address. */
export function DetectionList(props: DetectionListProps) {
  const { assetId, check, explaining, onExplain } = props;
  const [state, change] = useUrlState();
  const severity = oneOf(state['severity'], exactSeverityChoices.map(([value]) => value) as ['', ...string[]]); // '' is the first
  const status = oneOf(state['status'], ['open', 'new', 'active', 'reopened', 'fixed', 'all']);
  const only = oneOf(state['only'], ['', 'exploited', 'new-week', 'fixed-week']);
  const chosen = oneOf(state['kind'], ['', 'vulnerability', 'posture']);
  const kind = props.kind ?? (chosen === '' ? undefined : chosen);
  const filter = { assetId, check, kind, status, ...severityQuery(severity), ...onlyQuery[only], search: state['search'] };
  const answer = useApi(endpoints.listDetections, {
    query: { ...filter, limit: rowsPerPage, offset: (pageOf(state['page']) - 1) * rowsPerPage },
  });
  const columns = useMemo(
    () => detectionColumns({ withAsset: assetId === undefined, withCheck: check === undefined, explaining, onExplain }),
    [assetId, check, explaining, onExplain],
  );
  const select = (name: string) => (value: string | undefined) => change({ [name]: value, page: undefined });
  return (
    <ListTable
      title={props.title}
      noun="detections"
      rank={props.rank ?? 'h2'}
      columns={columns}
      keyOf={(item) => `${item.name} on ${item.hostname}`}
      answer={answer}
      searchLabel="Find a CVE, package, source or setting"
      filters={
        <>
          {check === undefined ? (
            <FilterSelect label="Severity" value={severity} choices={exactSeverityChoices} onChange={select('severity')} />
          ) : null}
          <FilterSelect
            label="Status"
            value={status}
            choices={statusChoices}
            onChange={(value) => change({ status: value, only: only === 'fixed-week' ? undefined : only, page: undefined })}
          />
          {check === undefined && props.kind === undefined ? (
            <FilterSelect label="Kind" value={chosen} choices={kindChoices} onChange={select('kind')} />
          ) : null}
          {check === undefined ? (
            <FilterSelect
              label="Only"
              value={only}
              choices={onlyChoices}
              // Nothing that is open was fixed.
              onChange={(value) =>
                change({ only: value, page: undefined, ...(value === 'fixed-week' ? { status: 'fixed' } : {}) })
              }
            />
          ) : null}
        </>
      }
      fetchPage={(page) => call(endpoints.listDetections, { query: { ...filter, ...page } })}
      empty={props.empty}
    />
  );
}
