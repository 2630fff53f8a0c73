import { endpoints, type Permission } from '@vedette/protocol';
import { useApi } from './use-api.ts';

/** Says whether the person may do something: what they may not is not shown. The platform decides anyway. */
export function useMay(): (permission: Permission) => boolean {
  const { data: me } = useApi(endpoints.getSession, {});
  return (permission) => me?.permissions.includes(permission) ?? false;
}
