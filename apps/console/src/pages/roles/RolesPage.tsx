import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import Toggle from '@cloudscape-design/components/toggle';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Role, RoleId } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { RoleForm } from './RoleForm.tsx';

/** What each role gives, and which must have a second factor. */
export function RolesPage() {
  useTitle('Roles');
  useFrame({}, 'roles');
  const may = useMay();
  const answer = useApi(endpoints.listRoles, {});
  const [editing, setEditing] = useState<Role | 'new' | null>(null);
  const [removing, setRemoving] = useState<Role | null>(null);
  const rules = useLoginRules();
  const columns = [
    {
      id: 'name',
      header: 'Role',
      isRowHeader: true,
      cell: (role: Role) => (
        <div>
          <strong>{role.name}</strong>
          <div className="note">{role.describes}</div>
        </div>
      ),
    },
    { id: 'permissions', header: 'Permissions', cell: (role: Role) => role.permissions.join(', '), width: 420 },
    { id: 'scope', header: 'Assets', cell: (role: Role) => <Assets role={role} /> },
    { id: 'users', header: 'Users', cell: (role: Role) => role.users },
    {
      id: 'second',
      header: 'Second factor',
      width: 150,
      cell: (role: Role) => (
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
  const actions = {
    id: 'action',
    header: 'Action',
    cell: (role: Role) =>
      role.isBuiltIn ? null : (
        <SpaceBetween direction="horizontal" size="xs">
          <Button variant="inline-link" ariaLabel={`Change ${role.name}`} onClick={() => setEditing(role)}>
            Change
          </Button>
          <Button variant="inline-link" ariaLabel={`Remove ${role.name}`} onClick={() => setRemoving(role)}>
            Remove
          </Button>
        </SpaceBetween>
      ),
  };
  const error = answer.error ?? rules.error;
  return (
    <div className="stack">
      {error ? <Failure error={error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header
            variant="h1"
            counter={answer.data ? `(${answer.data.items.length})` : ''}
            description="Every organization has the first ones; make your own from the same permissions, for all assets or for some"
            actions={
              may('role:write') ? (
                <Button variant="primary" onClick={() => setEditing('new')}>
                  Create role
                </Button>
              ) : null
            }
          >
            Roles
          </Header>
        }
        ariaLabels={{ tableLabel: 'Roles' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading roles …"
        items={answer.data?.items ?? []}
        trackBy="role"
        columnDefinitions={may('role:write') ? [...columns, actions] : columns}
      />
      {editing ? <RoleForm role={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {removing ? <RemoveRole role={removing} onClose={() => setRemoving(null)} /> : null}
    </div>
  );
}

function Assets({ role }: { role: Role }) {
  if (!role.permissions.includes('asset:read')) return 'none';
  if (role.scope !== null) return <code>{role.scope}</code>;
  return role.needsScope ? 'as each user has it' : 'all';
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
