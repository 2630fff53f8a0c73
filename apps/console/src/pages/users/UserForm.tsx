import FormField from '@cloudscape-design/components/form-field';
import Input from '@cloudscape-design/components/input';
import Select from '@cloudscape-design/components/select';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type User, UserId } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { FormModal } from '../../ui/FormModal.tsx';

/** What is shown once. */
export interface NewPassword {
  readonly login: string;
  readonly password: string;
}

/** Makes a user, or changes one; closes with the password of a new one. */
export function UserForm({ user, onClose }: { user: User | null; onClose: (made?: NewPassword) => void }) {
  const queries = useQueryClient();
  const roles = useApi(endpoints.listRoles, {});
  const [login, setLogin] = useState('');
  const [name, setName] = useState(user?.name ?? '');
  const [role, setRole] = useState(user?.role ?? 'reader');
  const [scope, setScope] = useState(user?.scope ?? '');
  const chosen = roles.data?.items.find((one) => one.role === role);
  const save = useMutation({
    mutationFn: async (): Promise<NewPassword | undefined> => {
      const body = { name, role, scope: scope.trim() || null };
      if (!user) return call(endpoints.createUser, { body: { ...body, login } });
      await call(endpoints.changeUser, { params: { userId: UserId.parse(user.userId) }, body });
      return undefined;
    },
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listUsers) });
      onClose(made);
    },
  });
  const options = (roles.data?.items ?? []).map((one) => ({ value: one.role, label: one.name, description: one.describes }));
  const needsScope = chosen?.needsScope ?? false;
  return (
    <FormModal
      title={user ? `Change ${user.login}` : 'Create user'}
      action={user ? 'Save' : 'Create'}
      usable={(user !== null || login.trim() !== '') && (!needsScope || scope.trim() !== '')}
      busy={save.isPending}
      error={save.error}
      onSubmit={() => save.mutate()}
      onClose={() => onClose()}
    >
      {user ? null : (
        <FormField label="Login">
          <Input value={login} autoComplete="off" onChange={({ detail }) => setLogin(detail.value)} />
        </FormField>
      )}
      <FormField label="Name">
        <Input value={name} autoComplete="off" onChange={({ detail }) => setName(detail.value)} />
      </FormField>
      <FormField label="Role" description={chosen?.describes}>
        <Select
          options={options}
          selectedOption={options.find((option) => option.value === role) ?? null}
          statusType={roles.isPending ? 'loading' : 'finished'}
          onChange={({ detail }) => setRole(detail.selectedOption.value ?? role)}
        />
      </FormField>
      <FormField
        label={needsScope ? 'Assets' : 'Assets (optional)'}
        description="Which ones the user sees, in the query language, such as tag:web or hostname:web*. Empty: all that the role is for"
      >
        <Input value={scope} spellcheck={false} onChange={({ detail }) => setScope(detail.value)} />
      </FormField>
    </FormModal>
  );
}
