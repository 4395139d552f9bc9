import type { ApiClient, PolicyDifferenceWire } from '@bulkhead/contract';
import { applyPlan, ApplyError } from '../policy/apply.ts';
import { NOUNS } from '../policy/format.ts';
import type { Change } from '../policy/plan.ts';
import { changeLine, differenceLines } from '../policy/show.ts';
import { CommandError } from '../errors.ts';
import type { Folder } from '../folder/read.ts';
import type { CommandContext } from './context.ts';
import { changeJson, planned, policyFolder } from './common.ts';

interface ApplyFlags {
  readonly provision?: boolean;
  readonly note?: string;
}

interface Outcome {
  readonly done: Change[];
  waiting: readonly Change[];
  readonly versions: number[];
}

/** Makes the draft what the folder says, and with `provision` the active policy. What is done already is not done again. */
export async function applyCommand(
  { client, say, answer }: CommandContext,
  path: string,
  flags: ApplyFlags,
): Promise<number> {
  const folder = await policyFolder(path);
  const outcome: Outcome = { done: [], waiting: [], versions: [] };
  let difference: PolicyDifferenceWire;
  try {
    await write(client, folder, outcome);
    difference = await client.call('sec_policy.difference');
    if (flags.provision === true) {
      await provision(client, flags, outcome);
      if (outcome.waiting.length > 0) {
        await write(client, folder, outcome);
        await provision(client, flags, outcome);
      }
    }
  } catch (error) {
    for (const change of [...outcome.done, ...(error instanceof ApplyError ? error.done : [])])
      say(changeLine(change));
    if (!(error instanceof ApplyError)) throw error;
    const { change } = error;
    throw new CommandError(
      `${NOUNS[change.section]} "${change.name}" could not be written: ${error.message}. ${outcome.done.length + error.done.length} changes before it are in the draft; mend this and run it again to do the rest`,
      { cause: error },
    );
  }
  for (const change of outcome.done) say(changeLine(change));
  say(
    outcome.done.length === 0
      ? 'The draft was what the folder says.'
      : `${outcome.done.length} written.`,
  );
  for (const { section, name } of outcome.waiting)
    say(
      `The ${NOUNS[section]} "${name}" is still used by the active policy; it can go once the draft is provisioned: apply --provision`,
    );
  say('Connections, from the active policy before to the draft:');
  for (const line of differenceLines(difference)) say(`  ${line}`);
  for (const version of outcome.versions) say(`Provisioned as version ${version}.`);
  if (flags.provision === true && outcome.versions.length === 0)
    say('There was nothing to provision.');
  answer({
    state: 'done',
    changes: outcome.done.map(changeJson),
    waiting: outcome.waiting.map(changeJson),
    versions: outcome.versions,
    difference,
  });
  return 0;
}

async function write(client: ApiClient, folder: Folder, outcome: Outcome): Promise<void> {
  const { changes, references } = await planned(client, folder);
  const { done, waiting } = await applyPlan(client, changes, references);
  outcome.done.push(...done);
  outcome.waiting = waiting;
}

async function provision(client: ApiClient, flags: ApplyFlags, outcome: Outcome): Promise<void> {
  const pending = await client.call('sec_policy.pending');
  if (Object.values(pending).every((items) => items === undefined || items.length === 0)) return;
  const { version } = await client.call('sec_policy.provision', {
    body: { update_description: flags.note ?? 'bulkhead apply' },
  });
  outcome.versions.push(version);
}
