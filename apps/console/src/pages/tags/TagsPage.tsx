import Button from '@cloudscape-design/components/button';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { endpoints, type ListedTag } from '@vedette/protocol';
import { useState } from 'react';
import { useApi } from '../../api/use-api.ts';
import { useFrame } from '../../components/frame-state.ts';
import { paths } from '../../paths.ts';
import { Ago } from '../../ui/Ago.tsx';
import { AppLink } from '../../ui/AppLink.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import { formatCount } from '../../ui/format.ts';
import type { Column } from '../../ui/ListTable.tsx';
import { LongText } from '../../ui/LongText.tsx';
import { useTitle } from '../../ui/use-title.ts';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { DeleteTag } from './DeleteTag.tsx';
import { EditTag } from './EditTag.tsx';

const columns: readonly Column<ListedTag>[] = [
  {
    id: 'name',
    header: 'Tag',
    minWidth: 120,
    text: (tag) => tag.name,
    cell: (tag) => (
      <>
        {tag.name}
        {tag.description ? <LongText text={tag.description} /> : null}
      </>
    ),
  },
  {
    id: 'query',
    header: 'Meaning',
    minWidth: 200,
    text: (tag) => tag.query,
    cell: (tag) => (tag.query === null ? <span className="quiet">by hand</span> : <code>{tag.query}</code>),
  },
  {
    id: 'assets',
    header: 'Assets',
    isHighestFirst: true,
    text: (tag) => tag.assets,
    cell: (tag) => (
      <AppLink to={paths.assets({ query: `tag:${tag.name}` })} ariaLabel={`${tag.assets} assets with ${tag.name}`}>
        {formatCount(tag.assets)}
      </AppLink>
    ),
  },
  {
    id: 'criticality',
    header: 'Criticality',
    isHighestFirst: true,
    text: (tag) => tag.criticality,
    cell: (tag) => tag.criticality ?? '–',
  },
  { id: 'exposure', header: 'Exposure', text: (tag) => tag.exposure, cell: (tag) => tag.exposure ?? '–' },
  {
    id: 'changed',
    header: 'Changed',
    isHighestFirst: true,
    text: (tag) => tag.changedAt,
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
    id: 'description',
    header: 'Description',
    isExtra: true,
    text: (tag) => tag.description,
    cell: (tag) => tag.description,
  },
];

/** What tags mean: a query, a criticality, an exposure. */
export function TagsPage() {
  useTitle('Tags');
  useFrame({}, 'tags');
  const answer = useApi(endpoints.listTags, {});
  const [editing, setEditing] = useState<ListedTag | 'new' | null>(null);
  const [deleting, setDeleting] = useState<ListedTag | null>(null);
  return (
    <div className="stack">
      <WholeTable
        title="Tags"
        noun="tags"
        rank="h1"
        description="A name for assets: those that fit a query, and those marked by hand. Criticality and exposure weigh their risk"
        columns={columns}
        keyOf={({ name }) => name}
        answer={answer}
        actions={
          <Button variant="primary" onClick={() => setEditing('new')}>
            Create tag
          </Button>
        }
        rowActions={(tag) => (
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="inline-link" ariaLabel={`Edit ${tag.name}`} onClick={() => setEditing(tag)}>
              Edit
            </Button>
            <Button variant="inline-link" ariaLabel={`Delete ${tag.name}`} onClick={() => setDeleting(tag)}>
              Delete
            </Button>
          </SpaceBetween>
        )}
        empty={
          <EmptyState title="No tag">
            <p>Begin with what matters most, for example the assets that the internet can reach.</p>
          </EmptyState>
        }
      />
      {editing ? <EditTag tag={editing === 'new' ? null : editing} onClose={() => setEditing(null)} /> : null}
      {deleting ? <DeleteTag tag={deleting} onClose={() => setDeleting(null)} /> : null}
    </div>
  );
}
