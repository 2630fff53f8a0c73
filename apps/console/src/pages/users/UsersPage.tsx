import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import StatusIndicator from '@cloudscape-design/components/status-indicator';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { endpoints, type User } from '@vedette/protocol';
import { useState } from 'react';
import { call } from '../../api/call.ts';
import { keyOf, useApi } from '../../api/use-api.ts';
import { useMay } from '../../api/use-may.ts';
import { useFrame } from '../../components/frame-state.ts';
import { ShownOnce } from '../../components/ShownOnce.tsx';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { CopyLine } from '../../ui/CopyLine.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { FormModal } from '../../ui/FormModal.tsx';
import { plural } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { type NewPassword, UserForm } from './UserForm.tsx';

interface EndedSessions {
  readonly login: string;
  readonly ended: number;
}

type Deed = 'edit' | 'password' | 'factors' | 'sessions' | 'disable' | 'enable' | 'delete';

const columns: readonly Column<User>[] = [
  {
    id: 'login',
    header: 'Login',
    text: (user) => user.login,
    cell: (user) => <AppLink to={paths.audit({ search: user.login })}>{user.login}</AppLink>,
  },
  { id: 'name', header: 'Name', text: (user) => user.name, cell: (user) => user.name },
  { id: 'role', header: 'Role', text: roleOf, cell: roleOf },
  {
    id: 'scope',
    header: 'Assets',
    text: (user) => user.scope,
    cell: (user) => (user.scope === null ? '' : <code>{user.scope}</code>),
  },
  {
    id: 'factors',
    header: 'Second factors',
    text: (user) => user.secondFactors,
    cell: (user) => user.secondFactors,
  },
  {
    id: 'seen',
    header: 'Last login',
    isHighestFirst: true,
    text: (user) => user.lastLogin,
    cell: (user) => <Ago at={user.lastLogin} />,
  },
  { id: 'state', header: 'State', text: stateOf, cell: (user) => <UserState user={user} /> },
];

function roleOf({ role, roleName }: User): string {
  return roleName || role;
}

function stateOf({ disabledAt }: User): string {
  return disabledAt ? 'Disabled' : 'Enabled';
}

/** Who may come in, and as what. */
export function UsersPage() {
  useTitle('Users');
  useFrame({}, 'users');
  const may = useMay();
  const answer = useApi(endpoints.listUsers, {});
  const [editing, setEditing] = useState<User | 'new' | null>(null);
  const [asked, setAsked] = useState<{ user: User; deed: Exclude<Deed, 'edit'> } | null>(null);
  const [made, setMade] = useState<NewPassword | null>(null);
  const [ended, setEnded] = useState<EndedSessions | null>(null);
  const actions = (user: User) => (
    <ButtonDropdown
      variant="inline-icon"
      expandToViewport
      ariaLabel={`Actions for ${user.login}`}
      items={[
        { id: 'edit', text: 'Change …' },
        { id: 'password', text: 'Give a new password …' },
        { id: 'factors', text: 'Take away second factors …', disabled: user.secondFactors === 0 },
        { id: 'sessions', text: 'Log out everywhere …' },
        user.disabledAt ? { id: 'enable', text: 'Enable …' } : { id: 'disable', text: 'Disable …' },
        { id: 'delete', text: 'Remove …' },
      ]}
      onItemClick={({ detail }) => {
        const deed = detail.id as Deed; // one of the ids above
        if (deed === 'edit') setEditing(user);
        else setAsked({ user, deed });
      }}
    />
  );
  return (
    <div className="stack">
      {ended ? (
        <Alert type="success" dismissible dismissAriaLabel="Close" onDismiss={() => setEnded(null)}>
          {plural(ended.ended, 'session')} of {ended.login} ended.
        </Alert>
      ) : null}
      {made ? <ShowPassword made={made} onDismiss={() => setMade(null)} /> : null}
      <WholeTable
        title="Users"
        noun="users"
        rank="h1"
        description="A role says what somebody may do; a query over assets, what they see of the fleet"
        columns={columns}
        keyOf={({ userId }) => userId}
        answer={answer}
        actions={
          may('user:write') ? (
            <Button variant="primary" onClick={() => setEditing('new')}>
              Create user
            </Button>
          ) : null
        }
        rowActions={may('user:write') ? actions : undefined}
        empty={<EmptyState title="No user" />}
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
            if (one && 'ended' in one) setEnded(one);
            else if (one) setMade(one);
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
  sessions: ['Log out everywhere', 'All sessions of the user end at once; logging in again is possible. API tokens stay.'],
  disable: [
    'Disable',
    'Sessions and API tokens of the user are refused at once, until the user is enabled again. Reports at certain times stop: see Reports.',
  ],
  enable: ['Enable', 'The user may log in again, and API tokens count again.'],
  delete: [
    'Remove',
    'The user goes with all sessions and API tokens. Reports at certain times stop, until somebody takes them over: see Reports. The audit log keeps the login.',
  ],
} as const;

function ConfirmDeed({
  user,
  deed,
  onClose,
}: {
  user: User;
  deed: Exclude<Deed, 'edit'>;
  onClose: (done?: NewPassword | EndedSessions) => void;
}) {
  const queries = useQueryClient();
  const [title, meaning] = deeds[deed];
  const act = useMutation({
    mutationFn: () => doIt(user, deed),
    onSuccess: async (done) => {
      await queries.invalidateQueries({ queryKey: keyOf(endpoints.listUsers) });
      onClose(done);
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

async function doIt({ userId, login }: User, deed: Exclude<Deed, 'edit'>): Promise<NewPassword | EndedSessions | undefined> {
  const params = { userId };
  if (deed === 'password') return { login, ...(await call(endpoints.resetPassword, { params })) };
  if (deed === 'factors') await call(endpoints.resetSecondFactors, { params });
  else if (deed === 'sessions') return { login, ...(await call(endpoints.endUserSessions, { params })) };
  else if (deed === 'delete') await call(endpoints.deleteUser, { params });
  else await call(endpoints.changeUser, { params, body: { disabled: deed === 'disable' } });
  return undefined;
}

function UserState({ user }: { user: User }) {
  return (
    <StatusIndicator type={user.disabledAt ? 'stopped' : 'success'} wrapText={false}>
      {stateOf(user)}
    </StatusIndicator>
  );
}

function ShowPassword({ made, onDismiss }: { made: NewPassword; onDismiss: () => void }) {
  return (
    <ShownOnce header={`The password of ${made.login}: hand it on now, it is not shown again`} onDismiss={onDismiss}>
      <CopyLine label="the password" text={made.password} />
      <p>At the first login another one has to be chosen.</p>
    </ShownOnce>
  );
}
