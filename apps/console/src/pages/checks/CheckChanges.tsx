import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import type { CheckChange } from '@vedette/protocol';
import { Ago } from '../../ui/Ago.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';

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

/** What each knowledge version changed about the check, newest first. */
export function CheckChanges({ changes }: { changes: readonly CheckChange[] }) {
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${changes.length})`} description="What this platform learned when">
          Change log
        </Header>
      }
      ariaLabels={{ tableLabel: 'Change log' }}
      wrapLines
      contentDensity="compact"
      items={changes}
      trackBy={(item) => JSON.stringify(item)}
      empty={<EmptyState title="Nothing recorded" />}
      columnDefinitions={[
        {
          id: 'at',
          header: 'When',
          isRowHeader: true,
          minWidth: 130,
          cell: (item) => (
            <>
              <Ago at={item.at} />
              <span className="under">knowledge version {item.knowledgeVersion}</span>
            </>
          ),
        },
        { id: 'what', header: 'What', minWidth: 130, cell: (item) => names[item.what] },
        {
          id: 'of',
          header: 'Of',
          minWidth: 170,
          cell: (item) => <span className="breakable">{item.subject ?? 'the check'}</span>,
        },
        { id: 'from', header: 'Before', minWidth: 130, cell: (item) => <span className="breakable">{item.from ?? '–'}</span> },
        { id: 'to', header: 'After', minWidth: 130, cell: (item) => <span className="breakable">{item.to ?? '–'}</span> },
      ]}
    />
  );
}
