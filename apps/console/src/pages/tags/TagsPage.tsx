import Button from '@cloudscape-design/components/button';
import Header from '@cloudscape-design/components/header';
import SpaceBetween from '@cloudscape-design/components/space-between';
import Table from '@cloudscape-design/components/table';
import { endpoints, type ListedTag } from '@vedette/protocol';
import { useState } from 'react';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { Failure } from '../../ui/Failure.tsx';
import { formatCount } from '../../ui/format.ts';
import { useTitle } from '../../ui/use-title.ts';
import { DeleteTag } from './DeleteTag.tsx';
import { EditTag } from './EditTag.tsx';

/** What tags mean: a query, a criticality, an exposure. */
export function TagsPage() {
  useTitle('Tags');
  useFrame({}, 'tags');
  const answer = useApi(endpoints.listTags, {});
  const [editing, setEditing] = useState<ListedTag | 'new' | null>(null);
  const [deleting, setDeleting] = useState<ListedTag | null>(null);
  return (
    <div className="stack">
      {answer.error ? <Failure error={answer.error} retry={answer.refetch} /> : null}
      <Table
        header={
          <Header
            variant="h1"
            counter={answer.data ? `(${formatCount(answer.data.items.length)})` : ''}
            description="A name for assets: those that fit a query, and those marked by hand. Criticality and exposure weigh their risk"
            actions={
              <Button variant="primary" onClick={() => setEditing('new')}>
                Create tag
              </Button>
            }
          >
            Tags
          </Header>
        }
        ariaLabels={{ tableLabel: 'Tags' }}
        wrapLines
        loading={answer.isPending}
        skeleton={{ totalRows: 4 }}
        loadingText="Loading tags …"
        items={answer.data?.items ?? []}
        trackBy="name"
        empty={
          <EmptyState title="No tag">
            <p>Begin with what matters most, for example the assets that the internet can reach.</p>
          </EmptyState>
        }
        columnDefinitions={[
          {
            id: 'name',
            header: 'Tag',
            isRowHeader: true,
            minWidth: 120,
            cell: (tag) => (
              <>
                {tag.name}
                {tag.description ? <div className="quiet">{tag.description}</div> : null}
              </>
            ),
          },
          {
            id: 'query',
            header: 'Meaning',
            minWidth: 200,
            cell: (tag) => (tag.query === null ? <span className="quiet">by hand</span> : <code>{tag.query}</code>),
          },
          {
            id: 'assets',
            header: 'Assets',
            cell: (tag) => (
              <AppLink to={paths.assets({ query: `tag:${tag.name}` })} ariaLabel={`${tag.assets} assets with ${tag.name}`}>
                {formatCount(tag.assets)}
              </AppLink>
            ),
          },
          { id: 'criticality', header: 'Criticality', cell: (tag) => tag.criticality ?? '–' },
          { id: 'exposure', header: 'Exposure', cell: (tag) => tag.exposure ?? '–' },
          {
            id: 'changed',
            header: 'Changed',
            cell: (tag) =>
              tag.changedAt === null ? (
                <span className="quiet">not defined</span>
              ) : (
                <>
                  <Ago at={tag.changedAt} /> by {tag.changedBy}
                </>
              ),
          },
          {
            id: 'action',
            header: 'Action',
            minWidth: 130,
            cell: (tag) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-link" ariaLabel={`Edit ${tag.name}`} onClick={() => setEditing(tag)}>
                  Edit
                </Button>
                <Button variant="inline-link" ariaLabel={`Delete ${tag.name}`} onClick={() => setDeleting(tag)}>
                  Delete
                </Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {editing ? <EditTag tag={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {deleting ? <DeleteTag tag={deleting} onClose={() => setDeleting(null)} /> : null}
    </div>
  );
}
