import { endpoints, type Permission } from '@vedette/protocol';
import { useApi } from './use-api.ts';

/** Says whether the person may do something: what they may not is not shown. The platform decides anyway. */
export function useMay(): (permission: Permission) => boolean {
  const { data: me } = useApi(endpoints.getSession, {});
  // Before the account is in order the platform answers nothing else.
  return (permission) => me?.stage === 'complete' && me.permissions.includes(permission);
}
