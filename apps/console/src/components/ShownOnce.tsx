import Alert from '@cloudscape-design/components/alert';
import type { ReactNode } from 'react';

/** A secret that the platform gives once, until somebody has taken note of it. */
export function ShownOnce({
  header,
  onDismiss,
  children,
}: {
  readonly header: string;
  readonly onDismiss: () => void;
  readonly children: ReactNode;
}) {
  return (
    <Alert
      type="success"
      dismissible
      dismissAriaLabel="Dismiss"
      onDismiss={onDismiss}
      statusIconAriaLabel="Success"
      header={header}
    >
      {children}
    </Alert>
  );
}
