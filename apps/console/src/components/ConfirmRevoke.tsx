import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Failure } from '../ui/Failure.tsx';

/** Asks before something that cannot be taken back; closes when it is done. */
export function ConfirmRevoke(props: {
  readonly name: string;
  /** "key": what the button says after "Revoke". */
  readonly noun: string;
  readonly revoke: () => Promise<unknown>;
  /** The list that shows it, to be fetched again. */
  readonly listKey: readonly unknown[];
  readonly onClose: () => void;
  /** What it means. */
  readonly children: ReactNode;
}) {
  const queries = useQueryClient();
  const revoke = useMutation({
    mutationFn: props.revoke,
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: props.listKey });
      props.onClose();
    },
  });
  return (
    <Modal
      visible
      header={`Revoke “${props.name}”?`}
      closeAriaLabel="Close"
      onDismiss={props.onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={props.onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={revoke.isPending} onClick={() => revoke.mutate()}>
              Revoke {props.noun}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      {revoke.error ? <Failure error={revoke.error} /> : null}
      <p>{props.children}</p>
    </Modal>
  );
}
