import Button from '@cloudscape-design/components/button';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type AssetOrder, endpoints } from '@vedette/protocol';
import { useEffect } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';

const progress = {
  queued: ['pending', 'Waiting for the agent'],
  delivered: ['in-progress', 'The agent has the order'],
  running: ['in-progress', 'The agent scans'],
  done: ['success', 'Scanned'],
  failed: ['error', 'The scan failed'],
  refused: ['stopped', 'The agent does not scan'],
  expired: ['warning', 'The agent did not answer'],
} as const satisfies Record<AssetOrder['state'], readonly [string, string]>;

const isOpen = (state: AssetOrder['state']): boolean => state === 'queued' || state === 'delivered' || state === 'running';

/** Orders a scan and shows how it goes. */
export function ScanNow({ assetId }: { readonly assetId: string }) {
  const queries = useQueryClient();
  const scan = useMutation({ mutationFn: () => call(endpoints.scanAsset, { params: { assetId } }) });
  const orderId = scan.data?.orderId ?? '';
  const input = { params: { assetId, orderId } };
  const last = queries.getQueryData<AssetOrder>(keyOf(endpoints.getOrder, input));
  const enabled = orderId !== '' && (last === undefined || isOpen(last.state));
  const answer = useApi(endpoints.getOrder, input, { enabled, refetchInterval: 1000 });
  const order = answer.data?.orderId === orderId ? answer.data : scan.data;
  const state = order?.state;
  useEffect(() => {
    if (state === undefined || isOpen(state)) return;
    void queries.invalidateQueries();
  }, [state, queries]);
  const [type, text] = order ? progress[order.state] : ['info', ''];
  return (
    <span className="scan-now">
      {scan.error ? <StatusIndicator type="error">{scan.error.message}</StatusIndicator> : null}
      {order ? (
        <output title={order.detail}>
          <StatusIndicator type={type as 'info'}>{text}</StatusIndicator>
        </output>
      ) : null}{' '}
      <Button
        loading={scan.isPending || (order !== undefined && isOpen(order.state))}
        loadingText="Scanning"
        onClick={() => scan.mutate()}
      >
        Scan now
      </Button>
    </span>
  );
}
