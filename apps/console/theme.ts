import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import type { Plugin } from 'vite';
import type { Theme } from '@cloudscape-design/components/theming';

const both = (light: string, dark: string) => ({ light, dark });
const accent = both('#0f6463', '#4fc4b8');
const accentHover = both('#0a4a4a', '#86ddd3');
const line = both('#dde3e3', '#2c3a3c');
const panel = both('#ffffff', '#172123');
const soft = both('#eaf3f2', '#1d3335');
const fonts = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif";

/** Our look, as design tokens of the component library. `styles.css` repeats the few colours that our own parts need. */
const theme: Theme = {
  tokens: {
    fontFamilyBase: fonts,
    fontFamilyHeading: fonts,
    fontFamilyMonospace: "ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace",
    fontWeightButton: '600',
    fontWeightHeadingXl: '650',
    fontSizeHeadingXl: '26px',
    lineHeightHeadingXl: '32px',
    letterSpacingHeadingXl: '-0.02em',
    borderRadiusContainer: '10px',
    borderRadiusButton: '8px',
    borderRadiusInput: '8px',
    borderRadiusAlert: '10px',
    borderRadiusFlashbar: '10px',
    borderRadiusDropdown: '10px',
    borderRadiusItem: '6px',
    borderRadiusPopover: '10px',
    borderRadiusBadge: '6px',
    borderWidthButton: '1px',
    colorTextHeadingDefault: both('#12201f', '#eef4f3'),
    colorTextBodyDefault: both('#1d2b2b', '#d5dfde'),
    colorTextBodySecondary: both('#4c5b5b', '#9fb0af'),
    colorTextAccent: accent,
    colorTextLinkDefault: accent,
    colorTextLinkHover: accentHover,
    colorTextInteractiveDefault: both('#3c4c4c', '#b9c8c7'),
    colorTextInteractiveHover: accentHover,
    colorBackgroundLayoutMain: both('#f6f8f8', '#0f1718'),
    colorBackgroundLayoutPanel: both('#ffffff', '#131c1e'),
    colorBackgroundLayoutToolbar: both('#f6f8f8', '#0f1718'),
    colorBackgroundContainerContent: panel,
    colorBackgroundContainerHeader: panel,
    colorBackgroundInputDefault: panel,
    colorBackgroundDropdownItemDefault: panel,
    colorBackgroundDropdownItemHover: soft,
    colorBackgroundItemSelected: soft,
    colorBackgroundPopover: panel,
    colorBackgroundCellShaded: both('#f6f8f8', '#131c1e'),
    colorBorderDividerDefault: line,
    colorBorderDividerSecondary: both('#e9eeee', '#243133'),
    colorBorderContainerTop: line,
    colorBorderLayout: line,
    colorBorderInputDefault: both('#8a9c9b', '#5c7071'),
    colorBorderInputFocused: accent,
    colorBorderItemFocused: accent,
    colorBorderItemSelected: accent,
    colorItemSelected: accent,
    colorBackgroundControlChecked: accent,
    colorBackgroundToggleCheckedDisabled: line,
    colorBackgroundSegmentActive: accent,
    colorTextSegmentActive: both('#ffffff', '#0b1617'),
    colorBackgroundButtonPrimaryDefault: accent,
    colorBackgroundButtonPrimaryHover: accentHover,
    colorBackgroundButtonPrimaryActive: accentHover,
    colorTextButtonPrimaryDefault: both('#ffffff', '#0b1617'),
    colorTextButtonPrimaryHover: both('#ffffff', '#0b1617'),
    colorTextButtonPrimaryActive: both('#ffffff', '#0b1617'),
    colorBackgroundButtonNormalDefault: panel,
    colorBackgroundButtonNormalHover: soft,
    colorBackgroundButtonNormalActive: soft,
    colorBorderButtonNormalDefault: both('#9db3b1', '#50686a'),
    colorBorderButtonNormalHover: accentHover,
    colorBorderButtonNormalActive: accentHover,
    colorTextButtonNormalDefault: accent,
    colorTextButtonNormalHover: accentHover,
    colorTextButtonNormalActive: accentHover,
    colorTextButtonLinkDefault: accent,
    colorTextButtonLinkHover: accentHover,
    colorBackgroundButtonLinkHover: soft,
    colorBackgroundSideNavigationItemActive: soft,
    colorTextSideNavigationItemActive: accent,
    colorTextSideNavigationItemDefault: both('#3c4c4c', '#b9c8c7'),
    borderRadiusSideNavigationItem: '8px',
    fontSizeTabs: '14px',
    lineHeightTabs: '20px',
    borderWidthAlert: '1px',
    colorBorderStatusWarning: both('#dcae55', '#7d6326'),
    colorBackgroundStatusWarning: both('#fdf7e8', '#292213'),
    colorBackgroundNotificationRed: both('#a8201a', '#b3372f'),
    colorTextStatusInfo: both('#1b6784', '#7cc0d8'),
    colorBorderStatusInfo: both('#8fbccb', '#37606f'),
    colorBackgroundStatusInfo: both('#eff7fa', '#13252c'),
    colorBackgroundNotificationSeverityCritical: both('#8e1537', '#c8375f'),
    colorBackgroundNotificationSeverityHigh: both('#c23b22', '#e8705a'),
    colorBackgroundNotificationSeverityMedium: both('#f0b03f', '#e3a93c'),
    colorBackgroundNotificationSeverityLow: both('#c9dfe8', '#7fb2c6'),
    colorBackgroundNotificationSeverityNeutral: both('#e3e8e8', '#394a4c'),
    colorTextNotificationSeverityCritical: both('#ffffff', '#ffffff'),
    colorTextNotificationSeverityHigh: both('#ffffff', '#240a05'),
    colorTextNotificationSeverityMedium: both('#2b1c00', '#241800'),
    colorTextNotificationSeverityLow: both('#12323f', '#0b222b'),
    colorTextNotificationSeverityNeutral: both('#2f3d3d', '#d5dfde'),
  },
  contexts: { alert: { tokens: { colorTextLinkDefault: accent, colorTextLinkHover: accentHover } } },
};

const id = 'virtual:vedette-theme.css';
// The resolved id keeps its .css ending: that is how vite knows it as a style sheet.
const resolved = '/@vedette-theme.css';

/**
 * Writes the theme as a style sheet at build time. The library's own `applyTheme` inserts a style element at run time, which our
 * Content-Security-Policy refuses. Its generator is written for bundlers, hence the small bundle made here.
 */
export function themePlugin(): Plugin {
  return {
    name: 'vedette-theme',
    resolveId: (source) => (source === id ? resolved : null),
    async load(source) {
      if (source !== resolved) return null;
      const bundle = await rolldown({
        input: fileURLToPath(import.meta.resolve('@cloudscape-design/components/theming')),
        // The library marks its files for React servers; that has no meaning here.
        checks: { moduleLevelDirective: false },
      });
      const { output } = await bundle.generate({ format: 'es' });
      await bundle.close();
      const { generateThemeStylesheet } = (await import(
        `data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`
      )) as typeof import('@cloudscape-design/components/theming'); // the bundle is exactly that module
      return generateThemeStylesheet({ theme });
    },
  };
}
