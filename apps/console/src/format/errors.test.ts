import { expect, test } from 'vitest';
import { sortErrors } from './errors.ts';

test('a message goes to the field that it begins with, the rest stays on top', () => {
  const errors = [
    {
      token: 'input_validation_error',
      message: 'ip_ranges[0].from_ip: "10.1.2.3/8" has host bits set',
    },
    { token: 'ip_list_name_not_unique', message: 'An IP list "Any" exists' },
    { token: 'service_unavailable', message: 'The database is starting' },
  ];
  expect(sortErrors(errors, ['name', 'ip_ranges'], { ip_list_name_not_unique: 'name' })).toEqual({
    fields: { ip_ranges: errors[0]?.message, name: errors[1]?.message },
    rest: ['The database is starting'],
  });
});

test('a message about a field that the form does not have is not lost', () => {
  expect(sortErrors([{ token: 'x', message: 'fqdns[2].fqdn: too long' }], ['name']).rest).toEqual([
    'fqdns[2].fqdn: too long',
  ]);
});

test('at its field a message does not name the field again', () => {
  const errors = [{ token: 'x', message: 'sid: must be the SID of a group' }];
  expect(sortErrors(errors, ['sid']).fields).toEqual({ sid: 'Must be the SID of a group' });
});
