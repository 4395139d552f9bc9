import type { CallOptions } from '@bulkhead/contract';
import { BODIES } from '../policy/bodies.ts';
import type { CommandContext } from './context.ts';
import { planned, policyFolder } from './common.ts';

type Tests = NonNullable<NonNullable<CallOptions<'policy_tests.run'>['body']>['tests']>;

/** Holds the folder's policy tests against the draft; none of them has to be in the PCE. */
export async function testCommand(
  { client, say, answer }: CommandContext,
  path: string,
): Promise<number> {
  const folder = await policyFolder(path);
  const { references } = await planned(client, folder);
  const entries = (folder.sections.policy_tests ?? []).filter(({ item }) => item.enabled !== false);
  const tests: Tests = entries.map(({ item }) => BODIES.policy_tests(item, references.resolve));
  if (tests.length === 0) {
    say('The folder has no policy tests.');
    answer({ state: 'passed', results: [] });
    return 0;
  }
  const { state, results } = await client.call('policy_tests.run', {
    body: { pversion: 'draft', tests },
  });
  for (const [index, { name, result }] of results.entries()) {
    const entry = entries[index];
    const line = entry === undefined ? '' : entry.file.placeOf(entry.path).line;
    say(
      `${result.state} ${entry?.file.name}:${line}: ${name}${result.message === null ? '' : `: ${result.message}`}`,
    );
    for (const failure of result.failures) {
      say(`  ${failure.connection.text}: ${failure.differences.join('; ')}`);
      for (const said of failure.explanation) say(`    ${said}`);
    }
  }
  answer({ state, results });
  return state === 'passed' ? 0 : 1;
}
