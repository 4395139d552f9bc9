import { expect, test } from 'vitest';
import { parseServer, parseSettings, renderSettings } from './settings.ts';

const settings = {
  managementServer: 'pce.example.com',
  port: 8443,
  endpoint: true,
  flowReportSeconds: 10,
  reconnectSeconds: 60,
};

test('settings are read back as they were written, with what an administrator adds', () => {
  const text = renderSettings(settings);
  expect(text).toContain('endpoint: true');
  expect(parseSettings(text)).toEqual(settings);
  expect(parseSettings(`---\n# by hand\n${text}unknown_setting: "x" # later\n`)).toEqual(settings);
});

test.each([
  ['no colon', 'management_server: h\nnonsense', /line 2/],
  ['no server', 'endpoint: true', /management_server/],
  ['too often', 'management_server: h\nflow_report_seconds: 0', /flow_report_seconds is "0"/],
])('settings with %s are refused by name', (_, text, message) => {
  expect(() => parseSettings(text)).toThrow(message);
});

test('a management server is a name or address with an optional port', () => {
  expect(parseServer('pce.example.com')).toEqual({ host: 'pce.example.com', port: 8443 });
  expect(parseServer('[2001:db8::1]:9443')).toEqual({ host: '2001:db8::1', port: 9443 });
  for (const text of ['', 'host:0', 'host:70000', 'https://host', 'a b', '-x']) {
    expect(() => parseServer(text)).toThrow(/HOST:PORT/);
  }
});
