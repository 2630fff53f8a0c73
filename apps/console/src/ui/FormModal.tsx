import Box from '@cloudscape-design/components/box';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import SpaceBetween from '@cloudscape-design/components/space-between';
import { type FormEvent, type ReactNode, useId, useRef } from 'react';
import { FirstFieldFocus } from './FirstFieldFocus.tsx';
import { Failure } from './Failure.tsx';

/**
 * A form over the page, however long: what went wrong stands beside the button. Enter or the button does it, Escape gives it up; a click beside it does not, once something
 * was written.
 */
export function FormModal(props: {
  readonly title: string;
  readonly size?: 'large';
  /** What the button says. */
  readonly action: string;
  readonly usable: boolean;
  readonly busy: boolean;
  readonly error: unknown;
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children: ReactNode;
}) {
  const formId = useId();
  const isWritten = useRef(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (props.usable && !props.busy) props.onSubmit();
  };
  return (
    <Modal
      visible
      {...(props.size ? { size: props.size } : {})}
      header={props.title}
      closeAriaLabel="Close"
      onDismiss={({ detail }) => {
        if (detail.reason !== 'overlay' || !isWritten.current) props.onClose();
      }}
      footer={
        <div className="stack">
          {props.error ? <Failure error={props.error} /> : null}
          <Box float="right">
            <SpaceBetween direction="horizontal" size="xs">
              <Button variant="link" onClick={props.onClose}>
                Cancel
              </Button>
              <Button variant="primary" form={formId} formAction="submit" loading={props.busy} disabled={!props.usable}>
                {props.action}
              </Button>
            </SpaceBetween>
          </Box>
        </div>
      }
    >
      <form id={formId} className="stack" noValidate onSubmit={submit} onInput={() => void (isWritten.current = true)}>
        <FirstFieldFocus />
        {props.children}
      </form>
    </Modal>
  );
}
