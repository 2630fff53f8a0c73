import KeyValuePairs from '@cloudscape-design/components/key-value-pairs';
import type { AgentState } from '@vedette/protocol';
import { Ago } from '../../ui/Ago.tsx';
import { formatBytes, formatDuration } from '../../ui/format.ts';

/** What the agent itself costs its host. */
export function Consumption({ agent }: { agent: AgentState }) {
  const used = agent.consumption;
  return (
    <KeyValuePairs
      columns={2}
      items={[
        { label: 'Version', value: agent.version },
        { label: 'Last check-in', value: <Ago at={agent.lastCheckIn} /> },
        {
          label: 'Processor time',
          value: used ? `${used.cpuSeconds.toFixed(1)} s in ${formatDuration(used.uptimeSeconds)}` : '–',
        },
        { label: 'Memory', value: used ? `${formatBytes(used.rssBytes)}, peak ${formatBytes(used.peakRssBytes)}` : '–' },
        { label: 'Memory that cannot be evicted', value: used ? formatBytes(used.unevictableBytes) : '–' },
        { label: 'Sent', value: used ? formatBytes(used.sentBytes) : '–' },
      ]}
    />
  );
}
