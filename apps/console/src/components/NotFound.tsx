import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { EmptyState } from '../ui/EmptyState.tsx';
import { useTitle } from '../ui/use-title.ts';

export function NotFound() {
  useTitle('Not found');
  return (
    <EmptyState title="There is no such page" rank="h1">
      <p>
        The address may be old or mistyped. <AppLink to={paths.dashboard()}>Go to the dashboard</AppLink>
      </p>
    </EmptyState>
  );
}
