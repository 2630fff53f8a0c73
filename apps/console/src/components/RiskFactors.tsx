import Box from '@cloudscape-design/components/box';
import type { DetectionException, Explanation } from '@vedette/protocol';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { formatMoment } from '../ui/format.ts';

/** What made a risk score, factor by factor, and the exception under which the detection is. */
export function RiskFactors({
  risk,
  exception,
}: {
  risk: NonNullable<Explanation['risk']>;
  exception: DetectionException | null;
}) {
  return (
    <>
      <Box variant="h3">Risk {risk.score} of 1000</Box>
      <ul className="risk-factors">
        {risk.factors.map((factor) => (
          <li key={factor.name}>
            {factor.name} × {factor.value}: {factor.because}
          </li>
        ))}
      </ul>
      {exception === null ? null : (
        <p>
          <AppLink to={paths.exceptions()}>Under an exception</AppLink> ({exception.status.replaceAll('_', ' ')}):{' '}
          {exception.reason}
          {exception.expiresAt === null ? '' : `, until ${formatMoment(exception.expiresAt)}`}
        </p>
      )}
    </>
  );
}
