import { policyFolder, planned, changeJson } from './common.ts';
import { differenceLines, planLines } from '../policy/show.ts';
import { CHANGES_CODE, type CommandContext } from './context.ts';

/** Shows what is not as the folder says. Writes nothing. */
export async function planCommand(
  { client, say, answer }: CommandContext,
  folder: string,
): Promise<number> {
  const { changes } = await planned(client, await policyFolder(folder));
  const difference = await client.call('sec_policy.difference');
  for (const line of planLines(changes)) say(line);
  say(changes.length === 0 ? 'The draft is what the folder says.' : `${changes.length} to write.`);
  if (changes.length > 0)
    say(
      'What follows is of the draft as it is now; apply writes the changes into it and shows it anew.',
    );
  say('Connections, from the active policy to the draft:');
  for (const line of differenceLines(difference)) say(`  ${line}`);
  answer({
    state: changes.length === 0 ? 'same' : 'changes',
    changes: changes.map(changeJson),
    difference,
  });
  return changes.length === 0 ? 0 : CHANGES_CODE;
}
