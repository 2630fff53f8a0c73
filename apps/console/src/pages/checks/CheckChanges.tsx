import type { CheckChange } from '@vedette/protocol';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { answerWith } from '../../ui/whole-list.ts';

const names: Record<CheckChange['what'], string> = {
  'first-seen': 'first seen',
  withdrawn: 'withdrawn',
  returned: 'came back',
  severity: 'severity',
  confidence: 'confidence',
  'known-exploited': 'known exploited',
  cvss: 'CVSS',
  epss: 'EPSS',
  ssvc: 'SSVC',
  weaknesses: 'weaknesses',
  aliases: 'other names',
  patchable: 'fix available',
  published: 'published',
  'statement-added': 'statement added',
  'statement-withdrawn': 'statement withdrawn',
  'statement-changed': 'statement changed',
};

const columns: readonly Column<CheckChange>[] = [
  {
    id: 'at',
    header: 'When',
    isHighestFirst: true,
    text: ({ at }) => at,
    minWidth: 130,
    cell: (item) => (
      <>
        <Ago at={item.at} />
        <span className="under">knowledge version {item.knowledgeVersion}</span>
      </>
    ),
  },
  { id: 'what', header: 'What', text: ({ what }) => names[what], minWidth: 130, cell: ({ what }) => names[what] },
  wordColumn('of', 'Of', ({ subject }) => subject ?? 'the check'),
  wordColumn('from', 'Before', ({ from }) => from ?? '–'),
  wordColumn('to', 'After', ({ to }) => to ?? '–'),
];

function wordColumn(id: string, header: string, text: (item: CheckChange) => string): Column<CheckChange> {
  return { id, header, text, minWidth: 130, cell: (item) => <span className="breakable">{text(item)}</span> };
}

/** What each knowledge version changed about the check, newest first. */
export function CheckChanges({ changes }: { changes: readonly CheckChange[] }) {
  return (
    <WholeTable
      title="Change log"
      noun="changes"
      scope="change"
      description="What this platform learned when"
      columns={columns}
      keyOf={(item) => JSON.stringify(item)}
      answer={answerWith(changes)}
      empty={<EmptyState title="Nothing recorded" />}
    />
  );
}
