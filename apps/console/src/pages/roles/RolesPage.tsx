import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Toggle from '@cloudscape-design/components/toggle';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Role, RoleId } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount, plural } from '../../ui/format.ts';
import { FormModal } from '../../ui/FormModal.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { RoleForm } from './RoleForm.tsx';

const told: readonly Column<Role>[] = [
  {
    id: 'name',
    header: 'Role',
    text: (role) => role.name,
    cell: (role) => (
      <div>
        <strong>{role.name}</strong>
        <div className="note">{role.describes}</div>
      </div>
    ),
  },
  { id: 'permissions', header: 'Permissions', text: permissionsOf, cell: permissionsOf, minWidth: 260 },
  { id: 'scope', header: 'Assets', text: assetsOf, cell: (role) => <Assets role={role} /> },
  {
    id: 'users',
    header: 'Users',
    isHighestFirst: true,
    text: (role) => role.users,
    cell: (role) =>
      role.users === 0 ? (
        '0'
      ) : (
        <AppLink to={paths.users({ search: role.name })} ariaLabel={`${plural(role.users, 'user')} with the role ${role.name}`}>
          {formatCount(role.users)}
        </AppLink>
      ),
  },
];

function permissionsOf({ permissions }: Role): string {
  return permissions.join(', ');
}

function assetsOf(role: Role): string {
  if (!role.permissions.includes('asset:read')) return 'none';
  return role.scope ?? (role.needsScope ? 'as each user has it' : 'all');
}

/** What each role gives, and which must have a second factor. */
export function RolesPage() {
  useTitle('Roles');
  useFrame({}, 'roles');
  const may = useMay();
  const answer = useApi(endpoints.listRoles, {});
  const [editing, setEditing] = useState<Role | 'new' | null>(null);
  const [removing, setRemoving] = useState<Role | null>(null);
  const rules = useLoginRules();
  const columns: readonly Column<Role>[] = [
    ...told,
    {
      id: 'second',
      header: 'Second factor',
      text: (role) => (rules.required.includes(role.role) ? 'required' : ''),
      width: 150,
      cell: (role) => (
        <Toggle
          ariaLabel={`${role.name} must have a second factor`}
          checked={rules.required.includes(role.role)}
          disabled={!may('role:write') || rules.isBusy}
          onChange={({ detail }) => rules.set(role.role, detail.checked)}
        >
          <span className="nowrap">required</span>
        </Toggle>
      ),
    },
  ];
  const actions = (role: Role) =>
    role.isBuiltIn ? null : (
      <SpaceBetween direction="horizontal" size="xs">
        <Button variant="inline-link" ariaLabel={`Change ${role.name}`} onClick={() => setEditing(role)}>
          Change
        </Button>
        <Button variant="inline-link" ariaLabel={`Remove ${role.name}`} onClick={() => setRemoving(role)}>
          Remove
        </Button>
      </SpaceBetween>
    );
  return (
    <div className="stack">
      {rules.error ? <Failure error={rules.error} /> : null}
      <WholeTable
        title="Roles"
        noun="roles"
        rank="h1"
        description="Every organization has the first ones; make your own from the same permissions, for all assets or for some"
        columns={columns}
        keyOf={({ role }) => role}
        answer={answer}
        actions={
          may('role:write') ? (
            <Button variant="primary" onClick={() => setEditing('new')}>
              Create role
            </Button>
          ) : null
        }
        rowActions={may('role:write') ? actions : undefined}
        empty={<EmptyState title="No role" />}
      />
      {editing ? <RoleForm role={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <RemoveRole role={removing} onClose={() => setRemoving(null)} /> : null}
    </div>
  );
}

function Assets({ role }: { role: Role }) {
  const text = assetsOf(role);
  return text === role.scope ? <code>{text}</code> : text;
}

function useLoginRules() {
  const queries = useQueryClient();
  const rules = useApi(endpoints.getLoginRules, {});
  const required = rules.data?.secondFactorRoles ?? [];
  const change = useMutation({
    mutationFn: (secondFactorRoles: string[]) => call(endpoints.setLoginRules, { body: { secondFactorRoles } }),
    onSuccess: (data) => queries.setQueryData(keyOf(endpoints.getLoginRules, {}), data),
  });
  const set = (role: string, isRequired: boolean) =>
    change.mutate(isRequired ? [...required, role] : required.filter((one) => one !== role));
  return { required, set, isBusy: rules.isPending || change.isPending, error: rules.error ?? change.error };
}

function RemoveRole({ role, onClose }: { role: Role; onClose: () => void }) {
  const queries = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call(endpoints.deleteRole, { params: { roleId: RoleId.parse(role.role) } }),
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listRoles) });
      onClose();
    },
  });
  return (
    <FormModal
      title={`Remove the role ${role.name}?`}
      action="Remove"
      usable
      busy={remove.isPending}
      error={remove.error}
      onSubmit={() => remove.mutate()}
      onClose={onClose}
    >
      <p>It cannot be brought back. A role that somebody has cannot be removed.</p>
    </FormModal>
  );
}
