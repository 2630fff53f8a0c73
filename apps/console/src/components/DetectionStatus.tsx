import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator';
import type { DetectionStatus as Status } from '@vedette/protocol';

const looks: Record<Status, [StatusIndicatorProps.Type, string]> = {
  new: ['info', 'New'],
  active: ['warning', 'Active'],
  reopened: ['error', 'Reopened'],
  fixed: ['success', 'Fixed'],
};

export function DetectionStatus({ status }: { status: Status }) {
  const [type, label] = looks[status];
  return (
    <StatusIndicator type={type} wrapText={false}>
      {label}
    </StatusIndicator>
  );
}
