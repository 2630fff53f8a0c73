import { type Permission, permissionMeanings } from '@vedette/protocol';

/** Permissions as a person chooses among them. */
export function permissionOptions(of: readonly Permission[]) {
  return of.map((value) => ({ value, label: value, description: `May ${permissionMeanings[value].describes}` }));
}
