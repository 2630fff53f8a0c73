import { endpoints } from '@vedette/protocol';
import type { ReactNode } from 'react';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { EmptyState } from '../ui/EmptyState.tsx';
import { Loading } from '../ui/Loading.tsx';
import { AddAsset } from './AddAsset.tsx';

/** In place of what is said of an empty list: where there is no asset at all, how the first one comes. */
export function NothingListed({ children }: { children: ReactNode }) {
  const may = useMay();
  const { data, isPending } = useApi(endpoints.listAssets, { query: { limit: 1 } }, { enabled: may('asset:read') });
  if (isPending && may('asset:read')) return <Loading what="the reason" />;
  if (data?.total !== 0) return children;
  return (
    <EmptyState title="No asset yet">
      <AddAsset />
    </EmptyState>
  );
}
