import Header from '@cloudscape-design/components/header';
import { useFrame } from '../../components/frame-state.ts';
import { useTitle } from '../../ui/use-title.ts';
import { Channels } from './Channels.tsx';
import { Deliveries } from './Deliveries.tsx';
import { Rules } from './Rules.tsx';

/** What is told to whom, and whether it arrived. */
export function NotificationsPage() {
  useTitle('Notifications');
  useFrame({}, 'notifications');
  return (
    <div className="stack">
      <Header variant="h1" description="Nothing is lost on the way: what cannot be delivered is tried again for three days">
        Notifications
      </Header>
      <Rules />
      <Channels />
      <Deliveries />
    </div>
  );
}
