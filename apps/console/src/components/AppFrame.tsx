import AppLayout from '@cloudscape-design/components/app-layout';
import BreadcrumbGroup from '@cloudscape-design/components/breadcrumb-group';
import SideNavigation from '@cloudscape-design/components/side-navigation';
import SplitPanel from '@cloudscape-design/components/split-panel';
import { Outlet, useRouter, useRouterState } from '@tanstack/react-router';
import { endpoints } from '@vedette/protocol';
import { useRef, useState } from 'react';
import { useApi } from '../api/use-api.ts';
import { useMay } from '../api/use-may.ts';
import { paths } from '../paths.ts';
import { CommandPalette } from './CommandPalette.tsx';
import { type FrameContent, FrameContext } from './frame-state.ts';
import { MomentButton, PastBanner } from './MomentBar.tsx';
import { placesFor } from './places.ts';
import { Shortcuts } from './Shortcuts.tsx';
import { SilenceNotice } from './SilenceNotice.tsx';
import { useTimeTravel } from './time-travel.ts';
import { TopBar } from './TopBar.tsx';
import { useLiveUpdates } from './use-live-updates.ts';
import { useCorrectedLayout } from './use-corrected-layout.ts';

/** Everything around a page: top bar, navigation, breadcrumbs, the panel that explains. */
export function AppFrame() {
  const router = useRouter();
  const pathname = useRouterState({ select: (state) => state.location.pathname });
  const { data: me } = useApi(endpoints.getSession, {});
  const moment = useTimeTravel();
  const silence = useLiveUpdates();
  const may = useMay();
  const [frame, setFrame] = useState<FrameContent>({});
  const [navigationOpen, setNavigationOpen] = useState(() => innerWidth > 900);
  const [panelSize, setPanelSize] = useState(460);
  const follow = (event: { preventDefault: () => void; detail: { href?: string } }) => {
    event.preventDefault();
    if (event.detail.href) router.history.push(event.detail.href);
  };
  const layout = useRef<HTMLDivElement>(null);
  useCorrectedLayout(layout);
  const section = `/${pathname.split('/')[1] ?? ''}`;
  const { panel, trail } = frame;
  return (
    <FrameContext value={setFrame}>
      <a className="skip" href="#content">
        Skip to the content
      </a>
      <TopBar moment={<MomentButton {...moment} />} />
      <div ref={layout}>
        <AppLayout
          headerSelector="#top-bar"
          toolsHide
          ariaLabels={{ navigation: 'Main', navigationToggle: 'Open navigation', navigationClose: 'Close navigation' }}
          navigationWidth={232}
          navigationOpen={navigationOpen}
          onNavigationChange={({ detail }) => setNavigationOpen(detail.open)}
          navigation={
            <SideNavigation
              activeHref={pathname.startsWith('/help') ? pathname : section}
              onFollow={follow}
              header={{ text: me?.organization ?? '', href: paths.dashboard() }}
              items={placesFor(may).flatMap((group, at) => [
                ...(at === 0 ? [] : [{ type: 'divider' as const }]),
                ...group.map(({ text, href }) => ({ type: 'link' as const, text, href })),
              ])}
            />
          }
          breadcrumbs={
            trail && trail.length > 0 ? (
              <BreadcrumbGroup ariaLabel="Breadcrumbs" onFollow={follow} items={trail.map(([text, href]) => ({ text, href }))} />
            ) : undefined
          }
          content={
            <div id="content" tabIndex={-1}>
              <PastBanner {...moment} section={section} />
              <Outlet />
            </div>
          }
          splitPanelOpen={Boolean(panel)}
          splitPanelSize={panelSize}
          splitPanelPreferences={{ position: 'side' }}
          onSplitPanelResize={({ detail }) => setPanelSize(detail.size)}
          onSplitPanelToggle={({ detail }) => !detail.open && panel?.onClose()}
          splitPanel={
            panel ? (
              <SplitPanel header={panel.title} closeBehavior="hide" hidePreferencesButton>
                {panel.content}
              </SplitPanel>
            ) : undefined
          }
        />
      </div>
      <SilenceNotice silence={silence} />
      <Shortcuts />
      <CommandPalette />
    </FrameContext>
  );
}
