import { expect, test } from 'vitest';
import { checkRows, reportFileName } from './compatibility.ts';

test('what is missing comes first, each check with its name and what was found (R-VEN-7)', () => {
  const rows = checkRows({
    qualify_status: 'red',
    results: {
      qualify_tests: [
        { status: 'green', kernel: 'Linux 6.1' },
        { status: 'yellow', guests: 'containers behind docker0' },
        { status: 'red', conntrack_tools: 'not installed' },
        { status: 'green', pce_connection: 'the PCE answers' },
      ],
    },
  });
  expect(rows.map(({ status, name, found }) => [status, name, found])).toEqual([
    ['red', 'Conntrack tools', 'not installed'],
    ['yellow', 'Guests', 'containers behind docker0'],
    ['green', 'Kernel', 'Linux 6.1'],
    ['green', 'PCE connection', 'the PCE answers'],
  ]);
});

test('a VEN that has sent no report has no checks (R-VEN-7)', () => {
  expect(checkRows({})).toEqual([]);
});

test('a report is kept under the name of its workload', () => {
  expect(reportFileName('web 1/prod')).toBe('compatibility-report-web-1-prod.json');
});
