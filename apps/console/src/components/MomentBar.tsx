import Alert from '@cloudscape-design/components/alert';
import Button from '@cloudscape-design/components/button';
import Modal from '@cloudscape-design/components/modal';
import { useId, useState } from 'react';
import { paths } from '../paths.ts';
import { AppLink } from '../ui/AppLink.tsx';
import { formatDay, formatMoment } from '../ui/format.ts';

interface MomentProps {
  readonly asOf: string | undefined;
  readonly travel: (moment: string | undefined) => void;
}

/** Sections of the console that can look back; the others show the present whatever was chosen. */
const lookBack: ReadonlySet<string> = new Set([
  '/',
  '/assets',
  '/detections',
  '/checks',
  '/software',
  '/fixes',
  '/events',
  '/compare',
]);

/** Says on every page that it shows the past, and leads back. */
export function PastBanner({ asOf, travel, section }: MomentProps & { readonly section: string }) {
  if (asOf === undefined) return null;
  return (
    <div className="past">
      <Alert
        type="warning"
        statusIconAriaLabel="Warning"
        header={`You look at the past: ${formatMoment(asOf)}`}
        action={<Button onClick={() => travel(undefined)}>Back to now</Button>}
      >
        {lookBack.has(section) ? (
          <>
            Packages and detections are those of then; names and states of assets are those of now.{' '}
            <AppLink to={paths.compare({ from: asOf })}>What changed since</AppLink>
          </>
        ) : (
          'This page knows the present only.'
        )}
      </Alert>
    </div>
  );
}

/** The button in the top bar, and the dialog that asks for the moment. */
export function MomentButton({ asOf, travel }: MomentProps) {
  const [isOpen, setOpen] = useState(false);
  return (
    <>
      <Button variant="link" iconName="calendar" ariaLabel="Look at another moment" onClick={() => setOpen(true)}>
        {asOf === undefined ? 'Now' : formatDay(asOf)}
      </Button>
      {isOpen ? <MomentDialog asOf={asOf} travel={travel} onClose={() => setOpen(false)} /> : null}
    </>
  );
}

const steps = [
  ['Yesterday', 1],
  ['A week ago', 7],
  ['A month ago', 30],
] as const;
const dayMs = 86_400_000;

function MomentDialog({ asOf, travel, onClose }: MomentProps & { readonly onClose: () => void }) {
  const id = useId();
  const [opened] = useState(() => Date.now());
  const [text, setText] = useState(() => toLocal(asOf === undefined ? opened - dayMs : Date.parse(asOf)));
  const at = Date.parse(text);
  const isRight = !Number.isNaN(at) && at <= opened;
  const go = (moment: number) => {
    travel(new Date(moment).toISOString());
    onClose();
  };
  return (
    <Modal
      visible
      header="Look at another moment"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <div className="dialog-actions">
          <Button
            variant="link"
            onClick={() => {
              travel(undefined);
              onClose();
            }}
          >
            Now
          </Button>
          <Button variant="primary" disabled={!isRight} onClick={() => go(at)}>
            Look
          </Button>
        </div>
      }
    >
      <div className="stack">
        <p>Lists, counts and pages show what was there then, as far as the histories tell.</p>
        <div className="moment">
          <label htmlFor={id}>Moment, in the time zone of this browser</label>
          <input
            id={id}
            className="query-input"
            type="datetime-local"
            value={text}
            max={toLocal(opened)}
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <div className="moment-steps">
          {steps.map(([name, days]) => (
            <Button key={name} onClick={() => go(opened - days * dayMs)}>
              {name}
            </Button>
          ))}
        </div>
      </div>
    </Modal>
  );
}

/** As a field for local times takes it, to the minute. */
function toLocal(at: number): string {
  return new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
