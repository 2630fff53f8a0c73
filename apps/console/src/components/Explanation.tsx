import Badge from '@cloudscape-design/components/badge';
import Box from '@cloudscape-design/components/box';
import ExpandableSection from '@cloudscape-design/components/expandable-section';
import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import Link from '@cloudscape-design/components/link';
import { type Detection, endpoints, type Explanation as Explained, type Reason } from '@vedette/protocol';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { Ago } from '../ui/Ago.tsx';
import { AppLink } from '../ui/AppLink.tsx';
import { CopyLine } from '../ui/CopyLine.tsx';
import { Failure } from '../ui/Failure.tsx';
import { formatMoment, formatShare } from '../ui/format.ts';
import { Loading } from '../ui/Loading.tsx';
import { safeLink } from '../ui/safe-link.ts';
import { Version } from './detection-columns.tsx';
import { DetectionStatus } from './DetectionStatus.tsx';
import { PostureAdvice } from './PostureAdvice.tsx';
import { RiskFactors } from './RiskFactors.tsx';
import { Severity } from './Severity.tsx';

/** Why one detection exists: everything a person needs to check it by hand. */
export function Explanation({ assetId, check }: { assetId: string; check: number }) {
  const answer = useApi(endpoints.explainDetection, { params: { assetId, check } });
  if (answer.error) return <Failure error={answer.error} retry={answer.refetch} />;
  if (!answer.data) return <Loading what="the explanation" />;
  const { detection, why, intervals, posture, risk } = answer.data;
  return (
    <div className="explanation">
      <p className="explanation-head">
        <Severity level={detection.severity} />
        <DetectionStatus status={detection.status} />
        {detection.kevSince === null ? null : <Badge color="red">exploited since {detection.kevSince}</Badge>}
        {detection.cvssScore === null ? null : <span>CVSS {detection.cvssScore.toFixed(1)}</span>}
        {detection.epssScore === null ? null : <span>EPSS {formatShare(detection.epssScore)}</span>}
      </p>
      {posture === null ? null : <PostureAdvice posture={posture} />}
      {risk === null ? null : <RiskFactors risk={risk} exception={detection.exception} />}
      <WhatToDo detection={detection} />
      <Box variant="h3">Why</Box>
      {why.map((reason) => (
        <Because
          key={`${reason.package.name} ${reason.package.architecture} ${reason.advisory.id} ${reason.statement.release}`}
          reason={reason}
        />
      ))}
      <Box variant="h3">History</Box>
      <History intervals={intervals} />
    </div>
  );
}

/** Where it is mended, and where one asks to leave it for a time. */
function WhatToDo({ detection: { assetId, check, kind, status, exception } }: { detection: Detection }) {
  const may = useMay();
  if (status === 'fixed') return null;
  return (
    <p className="what-to-do">
      {kind === 'vulnerability' ? <AppLink to={paths.asset(assetId, 'fixes')}>What fixes it</AppLink> : null}
      {exception === null && may('exception:write') ? (
        <AppLink to={paths.exceptions({ request: `check:${check}`, assets: `assetId:${assetId}` })}>Request an exception</AppLink>
      ) : null}
    </p>
  );
}

function Because({ reason }: { reason: Reason }) {
  if (reason.statement.requires) return <ReadValue reason={reason} />;
  const link = safeLink(reason.advisory.url);
  return (
    <section className="reason" aria-label={`${reason.package.name}: ${reason.verdict}`}>
      <p className="reason-sentence">{reason.sentence}</p>
      {reason.comparison ? (
        <p className="comparison">
          <span>
            <small>On the asset</small>
            <code>{reason.comparison.left}</code>
          </span>
          <strong aria-label={{ '<': 'is older than', '=': 'equals', '>': 'is newer than' }[reason.comparison.operator]}>
            {reason.comparison.operator}
          </strong>
          <span>
            <small>{reason.statement.fixed === reason.comparison.right ? 'First fixed version' : 'Compared with'}</small>
            <code>{reason.comparison.right}</code>
          </span>
          <small className="quiet">order: {reason.comparison.order}</small>
        </p>
      ) : null}
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Package', value: `${reason.package.name} (${reason.package.architecture}, ${reason.package.role})` },
          { label: 'Installed', value: <Version text={reason.package.installed} /> },
          {
            label: 'Source package',
            value: (
              <>
                {reason.sourcePackage} <Version text={reason.sourceVersion} />
              </>
            ),
          },
          { label: 'Fixed in', value: <Version text={reason.package.fixed} none="no fix yet" /> },
          {
            label: 'Advisory',
            value: (
              <>
                {link ? (
                  <Link href={link} external externalIconAriaLabel="Opens in a new tab">
                    {reason.advisory.id}
                  </Link>
                ) : (
                  reason.advisory.id
                )}{' '}
                <span className="quiet nowrap">{reason.advisory.published ?? 'no date'}</span>
              </>
            ),
          },
          { label: 'Release', value: reason.release },
        ]}
      />
      <ByHand reason={reason} />
      {reason.origin ? (
        <p className="quiet origin">
          From <strong>{reason.origin.feed}</strong>, retrieved <Ago at={reason.origin.retrievedAt} />, knowledge version{' '}
          {reason.knowledgeVersion}.
          <br />
          {reason.origin.location}
          <br />
          SHA-256 <code>{reason.origin.sha256}</code>
        </p>
      ) : null}
    </section>
  );
}

/** Of a posture check: what was read, where, and what it has to be. */
function ReadValue({ reason }: { reason: Reason }) {
  return (
    <section className="reason" aria-label={`${reason.package.name}: ${reason.verdict}`}>
      <p className="reason-sentence">{reason.sentence}</p>
      <KeyValuePairs
        columns={2}
        items={[
          { label: 'Read', value: reason.package.name },
          { label: 'Value', value: <Version text={reason.package.installed} /> },
          { label: 'Probe', value: <Version text={reason.sourcePackage} /> },
          { label: 'Check', value: `${reason.advisory.id}, ${reason.advisory.published ?? 'no date'}` },
        ]}
      />
    </section>
  );
}

/** What dpkg accepts as names and versions; anything else is never put into a command that somebody may paste. */
const safeWord = /^[A-Za-z0-9][A-Za-z0-9.+:~-]{0,200}$/;

function ByHand({ reason }: { reason: Reason }) {
  const { comparison } = reason;
  if (!comparison || reason.statement.ecosystem !== 'debian') return null;
  if (![comparison.left, comparison.right, reason.package.name].every((word) => safeWord.test(word))) return null;
  const operator = { '<': 'lt', '=': 'eq', '>': 'gt' }[comparison.operator];
  return (
    <ExpandableSection headerText="Check it by hand" variant="footer">
      <CopyLine
        label="the comparison"
        text={`dpkg --compare-versions '${comparison.left}' ${operator} '${comparison.right}' && echo true`}
      />
      {reason.package.fixed === null ? null : (
        <CopyLine label="the upgrade" text={`apt-get install --only-upgrade '${reason.package.name}'`} />
      )}
    </ExpandableSection>
  );
}

const began = {
  'first-scan': 'found by the first scan',
  'package-change': 'a package changed',
  'setting-change': 'the setting changed',
  'knowledge-change': 'the knowledge changed',
  reboot: 'after a reboot',
};

function History({ intervals }: { intervals: Explained['intervals'] }) {
  return (
    <ol className="history">
      {intervals.map((interval) => (
        <li key={interval.from} className={interval.until === null ? 'open' : ''}>
          <strong>{formatMoment(interval.from)}</strong> {began[interval.cause]}
          <br />
          {interval.until === null ? (
            <span className="quiet">still true</span>
          ) : (
            <span className="quiet">
              until {formatMoment(interval.until)}
              {interval.endCause === null ? '' : `: ${began[interval.endCause]}`}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
