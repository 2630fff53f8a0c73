import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Multiselect from '@cloudscape-design/components/multiselect';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type Permission, type Role, RoleId } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { permissionOptions } from '../../components/permission-options.ts';
import { FormModal } from '../../ui/FormModal.tsx';

/** Makes a role, or changes one, from what the person may do. */
export function RoleForm({ role, onClose }: { role: Role | null; onClose: () => void }) {
  const queries = useQueryClient();
  const { data: me } = useApi(endpoints.getSession, {});
  const [name, setName] = useState(role?.name ?? '');
  const [describes, setDescribes] = useState(role?.describes ?? '');
  const [permissions, setPermissions] = useState<readonly Permission[]>(role?.permissions ?? []);
  const [scope, setScope] = useState(role?.scope ?? '');
  const save = useMutation({
    mutationFn: () => {
      const body = { name, describes, permissions: [...permissions], scope: scope.trim() || null };
      if (!role) return call(endpoints.createRole, { body });
      return call(endpoints.changeRole, { params: { roleId: RoleId.parse(role.role) }, body });
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listRoles) });
      onClose();
    },
  });
  const options = permissionOptions(me?.permissions ?? []);
  return (
    <FormModal
      title={role ? `Change ${role.name}` : 'Create role'}
      action={role ? 'Save' : 'Create'}
      usable={name.trim() !== '' && permissions.length > 0}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={onClose}
    >
      <FormField label="Name">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <FormField label="Description">
        <Input value={describes} onChange={({ detail }) => setDescribes(detail.value)} />
      </FormField>
      <FormField label="Permissions">
        <Multiselect
          options={options}
          placeholder="Choose"
          filteringType="auto"
          filteringAriaLabel="Find permissions"
          deselectAriaLabel={({ label }) => `Remove ${label ?? ''}`}
          selectedOptions={permissionOptions(permissions)}
          onChange={({ detail }) => setPermissions(detail.selectedOptions.map(({ value }) => value as Permission))} // one of the options
        />
      </FormField>
      <FormField
        label="Assets (optional)"
        description="Which ones it is for, in the query language, such as tag:web. Empty: all. Not together with what is about the whole organization"
      >
        <Input value={scope} spellcheck={false} onChange={({ detail }) => setScope(detail.value)} />
      </FormField>
    </FormModal>
  );
}
