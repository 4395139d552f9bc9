import fc from 'fast-check';
import { expect, test } from 'vitest';
import { readFolder } from './folder/read.ts';
import { writeFolder } from './folder/write.ts';
import { byName, policyIn } from './testing/policy-of-folder.ts';
import { policies } from './testing/policy-arbitrary.ts';
import { withCliWorld } from './testing/cli-world.ts';

const world = withCliWorld();
/** Labels and user groups are added and never taken away, so those of earlier policies stay. */
const OWN = [
  'ip_lists',
  'services',
  'label_groups',
  'virtual_services',
  'rulesets',
  'enforcement_boundaries',
  'policy_tests',
] as const;

test('any policy: applied to an empty organization, exported, and applied to an empty one again, it is the same', async () => {
  await fc.assert(
    fc.asyncProperty(policies, async (policy) => {
      const { run, folder } = {
        run: world().run.bind(world()),
        folder: world().folder.bind(world()),
      };
      await world().empty();
      const first = await folder();
      await writeFolder(first, { files: [], sections: {} }, policy);

      expect(await run('apply', first)).toMatchObject({ code: 0, err: '' });
      expect(await run('plan', first)).toMatchObject({ code: 0 });
      const second = await folder();
      expect(await run('export', second)).toMatchObject({ code: 0 });
      const exported = policyIn(await readFolder(second));
      const wanted = byName(policy);
      for (const section of OWN) expect(exported[section]).toEqual(wanted[section]);

      await world().empty();
      expect(await run('apply', second)).toMatchObject({ code: 0, err: '' });
      expect(await run('plan', first)).toMatchObject({ code: 0 });
      expect(await run('plan', second)).toMatchObject({ code: 0 });
    }),
    { numRuns: 2 },
  );
}, 120_000);
