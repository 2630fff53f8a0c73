import Alert from '@cloudscape-design/components/alert';
import { endpoints } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';

/** Says that what we know is old, and where to change that; nothing when it is fresh. */
export function KnowledgeNotice() {
  const { data } = useApi(endpoints.getKnowledge, {});
  if (!data || (!data.stale && !data.starter)) return null;
  const date = data.date ?? 'an unknown day';
  return (
    <Alert
      type="warning"
      header={data.starter ? 'Only the starter knowledge base is in use' : 'The knowledge base is old'}
      statusIconAriaLabel="Warning"
    >
      Its newest advisory is of {date}; whatever was published later is not found.{' '}
      <AppLink to={paths.knowledge()}>Refresh it</AppLink>.
    </Alert>
  );
}
