import { expect, test } from 'vitest';
import { buildProgram } from './ctl-program.ts';

const COMMANDS = (
  'activate status show-policy explain check-env connectivity-test gen-supportreport version ' +
  'start stop restart suspend unsuspend unpair deactivate'
).split(' ');

test('every command has its help, and answers in JSON where asked', () => {
  const program = buildProgram({ out: () => undefined, defaultDataFolder: '/nowhere' });
  expect(program.commands.map((command) => command.name())).toEqual(COMMANDS);
  for (const command of program.commands) {
    const help = command.helpInformation();
    expect(help).toContain(`Usage: illumio-ven-ctl ${command.name()}`);
    expect(command.description()).not.toBe('');
    expect(help).toContain('--json');
  }
});

test('what root too needs a token for asks for it (R-VEN-6)', () => {
  const program = buildProgram({ out: () => undefined, defaultDataFolder: '/nowhere' });
  const guarded = program.commands
    .filter((command) => command.helpInformation().includes('--maintenance-token'))
    .map((command) => command.name());
  expect(guarded).toEqual(['stop', 'restart', 'suspend', 'unpair', 'deactivate']);
});
