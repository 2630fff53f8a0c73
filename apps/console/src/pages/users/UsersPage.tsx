import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import Header from '@cloudscape-design/components/header';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import Table from '@cloudscape-design/components/table';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type User } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { type NewPassword, UserForm } from './UserForm.tsx';

type Deed = 'edit' | 'password' | 'factors' | 'disable' | 'enable' | 'delete';

/** Who may come in, and as what. */
export function UsersPage() {
  useTitle('Users');
  useFrame({}, 'users');
  const may = useMay();
  const answer = useApi(endpoints.listUsers, {});
  const [editing, setEditing] = useState<User | 'new' | null>(null);
  const [asked, setAsked] = useState<{ user: User; deed: Exclude<Deed, 'edit'> } | null>(null);
  const [made, setMade] = useState<NewPassword | null>(null);
  const columns = [
    {
      id: 'login',
      header: 'Login',
      isRowHeader: true,
      cell: (user: User) => <AppLink to={paths.audit({ search: user.login })}>{user.login}</AppLink>,
    },
    { id: 'name', header: 'Name', cell: (user: User) => user.name },
    { id: 'role', header: 'Role', cell: (user: User) => user.roleName || user.role },
    { id: 'scope', header: 'Assets', cell: (user: User) => (user.scope === null ? '' : <code>{user.scope}</code>) },
    { id: 'factors', header: 'Second factors', cell: (user: User) => user.secondFactors },
    { id: 'seen', header: 'Last login', cell: (user: User) => <Ago at={user.lastLogin} /> },
    { id: 'state', header: 'State', cell: (user: User) => <UserState user={user} /> },
  ];
  const actions = {
    id: 'action',
    header: 'Action',
    cell: (user: User) => (
      <ButtonDropdown
        variant="inline-icon"
        expandToViewport
        ariaLabel={`Actions for ${user.login}`}
        items={[
          { id: 'edit', text: 'Change …' },
          { id: 'password', text: 'Give a new password …' },
          { id: 'factors', text: 'Take away second factors …', disabled: user.secondFactors === 0 },
          user.disabledAt ? { id: 'enable', text: 'Enable …' } : { id: 'disable', text: 'Disable …' },
          { id: 'delete', text: 'Remove …' },
        ]}
        onItemClick={({ detail }) => {
          const deed = detail.id as Deed; // one of the ids above
          if (deed === 'edit') setEditing(user);
          else setAsked({ user, deed });
        }}
      />
    ),
  };
  return (
    <div className="stack">
      {made ? <ShowPassword made={made} onDismiss={() => setMade(null)} /> : null}
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header
            variant="h1"
            counter={answer.data ? `(${answer.data.items.length})` : ''}
            description="A role says what somebody may do; a query over assets, what they see of the fleet"
            actions={
              may('user:write') ? (
                <Button variant="primary" onClick={() => setEditing('new')}>
                  Create user
                </Button>
              ) : null
            }
          >
            Users
          </Header>
        }
        ariaLabels={{ tableLabel: 'Users' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading users …"
        items={answer.data?.items ?? []}
        trackBy="userId"
        columnDefinitions={may('user:write') ? [...columns, actions] : columns}
      />
      {editing ? (
        <UserForm
          user={editing === 'new' ? null : editing}
          onClose={(one) => {
            setEditing(null);
            if (one) setMade(one);
          }}
        />
      ) : null}
      {asked ? (
        <ConfirmDeed
          {...asked}
          onClose={(one) => {
            setAsked(null);
            if (one) setMade(one);
          }}
        />
      ) : null}
    </div>
  );
}

const deeds = {
  password: [
    'Give a new password',
    'Sessions of the user end. The new password is shown once, and has to be changed at the next login.',
  ],
  factors: [
    'Take away second factors',
    'For somebody who lost them. Sessions end, and the password alone opens the account until a new one is set up.',
  ],
  disable: ['Disable', 'Sessions and API tokens of the user are refused at once, until the user is enabled again.'],
  enable: ['Enable', 'The user may log in again, and API tokens count again.'],
  delete: ['Remove', 'The user goes with all sessions and API tokens. The audit log keeps the login.'],
} as const;

function ConfirmDeed({
  user,
  deed,
  onClose,
}: {
  user: User;
  deed: Exclude<Deed, 'edit'>;
  onClose: (made?: NewPassword) => void;
}) {
  const queries = useQueryClient();
  const [title, meaning] = deeds[deed];
  const act = useMutation({
    mutationFn: () => doIt(user, deed),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listUsers) });
      onClose(made);
    },
  });
  return (
    <FormModal
      title={`${title}: ${user.login}?`}
      action={title}
      usable
      busy={act.isPending}
      error={act.error}
      onSubmit={() => act.mutate()}
      onClose={() => onClose()}
    >
      <p>{meaning}</p>
    </FormModal>
  );
}

async function doIt({ userId, login }: User, deed: Exclude<Deed, 'edit'>): Promise<NewPassword | undefined> {
  const params = { userId };
  if (deed === 'password') return { login, ...(await call(endpoints.resetPassword, { params })) };
  if (deed === 'factors') await call(endpoints.resetSecondFactors, { params });
  else if (deed === 'delete') await call(endpoints.deleteUser, { params });
  else await call(endpoints.changeUser, { params, body: { disabled: deed === 'disable' } });
  return undefined;
}

function UserState({ user }: { user: User }) {
  return user.disabledAt ? (
    <StatusIndicator type="stopped" wrapText={false}>
      Disabled
    </StatusIndicator>
  ) : (
    <StatusIndicator type="success" wrapText={false}>
      Enabled
    </StatusIndicator>
  );
}

function ShowPassword({ made, onDismiss }: { made: NewPassword; onDismiss: () => void }) {
  return (
    <Alert
      type="success"
      dismissible
      dismissAriaLabel="Dismiss"
      onDismiss={onDismiss}
      statusIconAriaLabel="Success"
      header={`The password of ${made.login}: hand it on now, it is not shown again`}
    >
      <CopyLine label="the password" text={made.password} />
      <p>At the first login another one has to be chosen.</p>
    </Alert>
  );
}
