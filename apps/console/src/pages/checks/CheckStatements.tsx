import Header from '@cloudscape-design/components/header';
import Table from '@cloudscape-design/components/table';
import { type Check, vendorStateMeanings } from '@vedette/protocol';
import { Version } from '../../components/detection-columns.tsx';
import { EmptyState } from '../../ui/EmptyState.tsx';

type Statement = Check['affected'][number];

const says = { fixed: 'fixed', affected: 'affected, no fix yet', 'not-affected': 'not affected' };
/** A record of a registry may list hundreds. */
const shownVersions = 5;

/** What the authorities say of each package in each release. */
export function CheckStatements({ statements }: { statements: readonly Statement[] }) {
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${statements.length})`} description="What the authorities say of each release">
          Statements
        </Header>
      }
      ariaLabels={{ tableLabel: 'Statements' }}
      wrapLines
      contentDensity="compact"
      items={statements}
      trackBy={(item) => JSON.stringify(item)}
      empty={<EmptyState title="No statement" />}
      columnDefinitions={[
        { id: 'release', header: 'Release', isRowHeader: true, cell: (item) => `${item.ecosystem} ${item.release}` },
        {
          id: 'package',
          header: 'Package',
          cell: (item) => (
            <>
              <span className="breakable">{item.package}</span>
              {item.module ? <span className="under">module {item.module}</span> : null}
            </>
          ),
        },
        { id: 'status', header: 'Status', minWidth: 130, cell: (item) => <Status statement={item} /> },
        { id: 'versions', header: 'Affected versions', minWidth: 130, cell: (item) => <Versions statement={item} /> },
        {
          id: 'fixed',
          header: 'Fixed in',
          minWidth: 130,
          cell: (item) => <Version text={item.fixed ?? item.patches?.join(', ')} />,
        },
        {
          id: 'advisory',
          header: 'Advisory',
          minWidth: 170,
          cell: (item) => (
            <>
              <span className="breakable">{item.advisory}</span>
              <span className="under">
                {item.feed}, {item.published ?? 'no date'}
              </span>
            </>
          ),
        },
      ]}
    />
  );
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

function Versions({ statement }: { statement: Statement }) {
  const { status, introduced, lastAffected, limit, versions } = statement;
  if (status === 'not-affected') return <>none</>;
  if (versions) {
    const more = versions.length - shownVersions;
    return (
      <span className="breakable" title={versions.slice(0, 200).join(', ')}>
        {versions.slice(0, shownVersions).join(', ')}
        {more > 0 ? ` and ${more} more` : null}
      </span>
    );
  }
  const bounds = [
    ['from', introduced],
    ['up to', lastAffected],
    ['below', limit],
  ] as const;
  const stated = bounds.filter(([, version]) => version);
  if (stated.length === 0) return <>all</>;
  return stated.map(([word, version]) => (
    <div key={word}>
      {word} <Version text={version} />
    </div>
  ));
}
