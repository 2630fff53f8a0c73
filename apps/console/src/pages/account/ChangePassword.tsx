import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Container from '@cloudscape-design/components/container';
import FormField from '@cloudscape-design/components/form-field';
import Header from '@cloudscape-design/components/header';
import Input from '@cloudscape-design/components/input';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints } from '@vedette/protocol';
import { type FormEvent, useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf } from '../../api/use-api.ts';
import { paths } from '../../paths.ts';
import { AppLink } from '../../ui/AppLink.tsx';
import { Failure } from '../../ui/Failure.tsx';

export function ChangePassword() {
  const queries = useQueryClient();
  const [password, setPassword] = useState('');
  const [newPassword, setNewPassword] = useState('');
  const change = useMutation({
    mutationFn: () => call(endpoints.changePassword, { body: { password, newPassword } }),
    onSuccess: async (me) => {
      setPassword('');
      setNewPassword('');
      queries.setQueryData(keyOf(endpoints.getSession, {}), me);
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listSessions) });
    },
  });
  const usable = password !== '' && newPassword.length >= 12 && !change.isPending;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (usable) change.mutate();
  };
  return (
    <Container header={<Header variant="h2">Password</Header>}>
      <form className="stack narrow" onSubmit={submit}>
        {change.error ? <Failure error={change.error} /> : null}
        {change.isSuccess ? (
          <Alert type="success" statusIconAriaLabel="Success">
            The password is changed; your other sessions ended. <AppLink to={paths.dashboard()}>Go to the dashboard</AppLink>
          </Alert>
        ) : null}
        <FormField label="Present password">
          <Input
            value={password}
            type="password"
            autoComplete="current-password"
            onChange={({ detail }) => setPassword(detail.value)}
          />
        </FormField>
        <FormField label="New password" description="At least 12 characters; a few unrelated words are easy to keep in mind">
          <Input
            value={newPassword}
            type="password"
            autoComplete="new-password"
            onChange={({ detail }) => setNewPassword(detail.value)}
          />
        </FormField>
        <div>
          <Button formAction="submit" loading={change.isPending} disabled={!usable}>
            Change password
          </Button>
        </div>
      </form>
    </Container>
  );
}
