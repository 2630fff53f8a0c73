import { type Detection, endpoints } from '@vedette/protocol';
import { type ReactNode, useMemo } from 'react';
import { call } from '../api/call.ts';
import { useApi } from '../api/use-api.ts';
import { FilterSelect } from '../ui/FilterSelect.tsx';
import { ListTable, rowsPerPage } from '../ui/ListTable.tsx';
import { oneOf, pageOf, useUrlState } from '../ui/use-url-state.ts';
import { detectionColumns } from './detection-columns.tsx';
import { severityChoices } from './Severity.tsx';

const statusChoices = [
  ['open', 'open'],
  ['new', 'new'],
  ['active', 'active'],
  ['reopened', 'reopened'],
  ['fixed', 'fixed'],
  ['all', 'all'],
] as const;

interface DetectionListProps {
  readonly title: string;
  readonly assetId?: string;
  readonly check?: number;
  readonly rank?: 'h1' | 'h2';
  readonly empty: ReactNode;
  /** Shows why a detection exists. */
  readonly onExplain?: (detection: Detection) => void;
}

/** Detections of everything, of one asset, or of one check; the filters live in the address. */
export function DetectionList(props: DetectionListProps) {
  const [state, change] = useUrlState();
  const severity = oneOf(state['severity'], severityChoices.map(([value]) => value) as ['', '5', '4', '3', '2']); // same list, as a tuple
  const status = oneOf(state['status'], ['open', 'new', 'active', 'reopened', 'fixed', 'all']);
  const filter = {
    assetId: props.assetId,
    check: props.check,
    status,
    severity: severity || undefined,
    search: state['search'],
  };
  const answer = useApi(endpoints.listDetections, {
    query: { ...filter, limit: rowsPerPage, offset: (pageOf(state['page']) - 1) * rowsPerPage },
  });
  const { assetId, check, onExplain } = props;
  const columns = useMemo(
    () => detectionColumns({ withAsset: assetId === undefined, withCheck: check === undefined, onExplain }),
    [assetId, check, onExplain],
  );
  return (
    <ListTable
      title={props.title}
      noun="detections"
      rank={props.rank ?? 'h2'}
      columns={columns}
      keyOf={(item) => `${item.name} on ${item.hostname}`}
      answer={answer}
      searchLabel="Find a CVE, package or source"
      filters={
        <>
          <FilterSelect
            label="Severity"
            value={severity}
            choices={severityChoices}
            onChange={(value) => change({ severity: value, page: undefined })}
          />
          <FilterSelect
            label="Status"
            value={status}
            choices={statusChoices}
            onChange={(value) => change({ status: value, page: undefined })}
          />
        </>
      }
      fetchPage={(page) => call(endpoints.listDetections, { query: { ...filter, ...page } })}
      empty={props.empty}
    />
  );
}
