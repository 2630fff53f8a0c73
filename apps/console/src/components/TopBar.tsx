import Button from '@cloudscape-design/components/button';
import ButtonDropdown from '@cloudscape-design/components/button-dropdown';
import { useQueryClient } from '@tanstack/react-query';
import { useRouter } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import type { ReactNode } from 'react';
import { call } from '../api/call.ts';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { setColorMode, useColorMode } from '../ui/color-mode.ts';
import { Logo } from './Logo.tsx';
import { showShortcuts } from './Shortcuts.tsx';

export function TopBar({ moment }: { moment: ReactNode }) {
  const router = useRouter();
  const queries = useQueryClient();
  const mode = useColorMode();
  const { data: me } = useApi(endpoints.getSession, {});
  const may = useMay();
  const leave = async () => {
    // Whatever the platform answers, this browser forgets what it has seen.
    await call(endpoints.logOut, {}).catch(() => undefined);
    queries.clear();
    router.history.push(paths.login());
  };
  return (
    <header id="top-bar">
      <a
        className="brand"
        href={paths.dashboard()}
        onClick={(event) => {
          if (event.ctrlKey || event.metaKey || event.shiftKey) return;
          event.preventDefault();
          router.history.push(paths.dashboard());
        }}
      >
        <Logo /> Vedette
      </a>
      {moment}
      <Button
        variant="link"
        ariaLabel={mode === 'dark' ? 'Use light mode' : 'Use dark mode'}
        onClick={() => setColorMode(mode === 'dark' ? 'light' : 'dark')}
      >
        {mode === 'dark' ? 'Light' : 'Dark'}
      </Button>
      <ButtonDropdown
        ariaLabel="Account"
        items={[
          {
            id: 'me',
            text: me ? `${me.organization}, ${me.roleName || me.role}` : '',
            items: [
              { id: 'account', text: 'Your account' },
              ...(may('token:write') ? [{ id: 'tokens', text: 'API tokens' }] : []),
              { id: 'shortcuts', text: 'Keyboard shortcuts' },
              { id: 'leave', text: 'Log out' },
            ],
          },
        ]}
        onItemClick={({ detail }) => {
          if (detail.id === 'leave') void leave();
          else if (detail.id === 'tokens') router.history.push(paths.tokens());
          else if (detail.id === 'account') router.history.push(paths.account());
          else showShortcuts();
        }}
      >
        {me?.login ?? ''}
      </ButtonDropdown>
    </header>
  );
}
