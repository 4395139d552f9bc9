/** The guide's theme for Mantine. Components read `--bh-*` tokens, never a shade. */
import {
  createTheme,
  Button,
  Checkbox,
  Drawer,
  Menu,
  Modal,
  Switch,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

const brand: MantineColorsTuple = [
  '#e8f0fe',
  '#d5e3fd',
  '#b0ccfc',
  '#7fb1ff',
  '#5b98f6',
  '#3f80ec',
  '#2b6be0',
  '#1757c8',
  '#12479f',
  '#0d3476',
];
const dark: MantineColorsTuple = [
  '#e9ecf1',
  '#b6bec9',
  '#929cab',
  '#6b7585',
  '#3e4755',
  '#272d37',
  '#171b21',
  '#101317',
  '#0c0f12',
  '#0b0d10',
];
const gray: MantineColorsTuple = [
  '#f6f7f9',
  '#f0f2f5',
  '#e2e5ea',
  '#c6ccd6',
  '#a5adba',
  '#858e9d',
  '#5f6877',
  '#454c58',
  '#2a303a',
  '#14171c',
];

export const theme = createTheme({
  primaryColor: 'brand',
  primaryShade: { light: 7, dark: 6 },
  colors: { brand, dark, gray },
  defaultRadius: 'md',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  fontFamily: "'Inter Variable', Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace:
    "ui-monospace, 'SF Mono', 'Cascadia Mono', 'JetBrains Mono', Menlo, Consolas, monospace",
  fontSizes: { xs: '11px', sm: '12px', md: '13px', lg: '15px', xl: '22px' },
  lineHeights: { xs: '16px', sm: '18px', md: '20px', lg: '22px', xl: '28px' },
  spacing: { xs: '4px', sm: '8px', md: '12px', lg: '16px', xl: '24px' },
  radius: { xs: '3px', sm: '4px', md: '6px', lg: '8px', xl: '12px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '20px', lineHeight: '28px' },
      h2: { fontSize: '15px', lineHeight: '22px' },
      h3: { fontSize: '13px', lineHeight: '20px' },
    },
  },
  breakpoints: { xs: '30em', sm: '48em', md: '68.75em', lg: '85em', xl: '100em' },
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    Checkbox: Checkbox.extend({ defaultProps: { size: 'xs' } }),
    Modal: Modal.extend({
      defaultProps: { centered: true, radius: 'xl', transitionProps: { duration: 120 } },
    }),
    Drawer: Drawer.extend({
      defaultProps: { position: 'right', size: 480, transitionProps: { duration: 160 } },
    }),
    Switch: Switch.extend({ defaultProps: { withThumbIndicator: false } }),
    Menu: Menu.extend({
      defaultProps: { shadow: 'md', radius: 'lg', transitionProps: { duration: 120 } },
    }),
  },
});

const own = {
  '--mantine-color-body': 'var(--bh-bg)',
  '--mantine-color-text': 'var(--bh-text)',
  '--mantine-color-dimmed': 'var(--bh-text-3)',
  '--mantine-color-placeholder': 'var(--bh-text-3)',
  '--mantine-color-default': 'var(--bh-raised)',
  '--mantine-color-default-hover': 'var(--bh-hover)',
  '--mantine-color-default-color': 'var(--bh-text)',
  '--mantine-color-default-border': 'var(--bh-line-strong)',
  '--mantine-color-anchor': 'var(--bh-accent)',
  '--mantine-color-error': 'var(--bh-blocked)',
  '--mantine-primary-color-filled': 'var(--bh-accent-fill)',
  '--mantine-primary-color-filled-hover': 'var(--bh-accent-hover)',
};
export const cssVariables: CSSVariablesResolver = () => ({ variables: {}, light: own, dark: own });
