import { type Check, vendorStateMeanings } from '@vedette/protocol';
import { Version } from '../../components/detection-columns.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';
import type { Column } from '../../ui/ListTable.tsx';
import { WholeTable } from '../../ui/WholeTable.tsx';
import { answerWith } from '../../ui/whole-list.ts';

type Statement = Check['affected'][number];

const says = { fixed: 'fixed', affected: 'affected, no fix yet', 'not-affected': 'not affected' };
/** A record of a registry may list hundreds. */
const shownVersions = 5;

const columns: readonly Column<Statement>[] = [
  { id: 'release', header: 'Release', text: releaseOf, cell: releaseOf },
  {
    id: 'package',
    header: 'Package',
    text: (item) => item.package,
    cell: (item) => (
      <>
        <span className="breakable">{item.package}</span>
        {item.module ? <span className="under">module {item.module}</span> : null}
      </>
    ),
  },
  {
    id: 'status',
    header: 'Status',
    minWidth: 130,
    text: ({ status, vendorState }) => [says[status], vendorState].filter(Boolean).join(': '),
    cell: (item) => <Status statement={item} />,
  },
  {
    id: 'versions',
    header: 'Affected versions',
    minWidth: 130,
    text: versionsOf,
    cell: (item) => <Versions statement={item} />,
  },
  { id: 'fixed', header: 'Fixed in', minWidth: 130, text: fixOf, cell: (item) => <Version text={fixOf(item)} /> },
  {
    id: 'advisory',
    header: 'Advisory',
    minWidth: 170,
    text: ({ advisory }) => advisory,
    cell: (item) => (
      <>
        <span className="breakable">{item.advisory}</span>
        <span className="under">
          {item.feed}, {item.published ?? 'no date'}
        </span>
      </>
    ),
  },
];

/** What the authorities say of each package in each release. */
export function CheckStatements({ statements }: { statements: readonly Statement[] }) {
  return (
    <WholeTable
      title="Statements"
      noun="statements"
      scope="statement"
      description="What the authorities say of each release"
      columns={columns}
      keyOf={(item) => JSON.stringify(item)}
      answer={answerWith(statements)}
      empty={<EmptyState title="No statement" />}
    />
  );
}

function releaseOf({ ecosystem, release }: Statement): string {
  return `${ecosystem} ${release}`;
}

function fixOf({ fixed, patches }: Statement): string | undefined {
  return fixed ?? patches?.join(', ');
}

function Status({ statement: { status, vendorState } }: { statement: Statement }) {
  return (
    <>
      {says[status]}
      {vendorState ? (
        <span className="under" title={vendorStateMeanings[vendorState]}>
          {vendorState}: {vendorStateMeanings[vendorState]}
        </span>
      ) : null}
    </>
  );
}

/** Where a range begins and ends, as far as it is said. */
function boundsOf({ introduced, lastAffected, limit }: Statement) {
  const bounds = [
    ['from', introduced],
    ['up to', lastAffected],
    ['below', limit],
  ] as const;
  return bounds.filter(([, version]) => version);
}

function versionsOf(statement: Statement): string {
  if (statement.status === 'not-affected') return 'none';
  const range = boundsOf(statement).map((bound) => bound.join(' '));
  return statement.versions?.join(', ') ?? (range.join(' ') || 'all');
}

function Versions({ statement }: { statement: Statement }) {
  const { versions } = statement;
  const stated = boundsOf(statement);
  if (versions && statement.status !== 'not-affected') {
    const more = versions.length - shownVersions;
    return (
      <span className="breakable" title={versions.slice(0, 200).join(', ')}>
        {versions.slice(0, shownVersions).join(', ')}
        {more > 0 ? ` and ${more} more` : null}
      </span>
    );
  }
  if (statement.status === 'not-affected' || stated.length === 0) return <>{versionsOf(statement)}</>;
  return stated.map(([word, version]) => (
    <div key={word}>
      {word} <Version text={version} />
    </div>
  ));
}
