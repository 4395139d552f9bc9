/** docs/api-compatibility.md, from the comparison. */
import { compare, ownOperations, publicSections, type Compared, type Verdict } from './compare.ts';

/** What comes before this line in the file is written by people and stays. */
const MARK = '<!-- Written by `npm run openapi` from here on -->';

/** The file with its second part written anew. */
export function compatibilityPage(before: string): string {
  const [people = ''] = before.split(MARK);
  return `${people.trimEnd()}\n\n${MARK}\n\n${generatedPart()}`;
}

function generatedPart(): string {
  const sections = publicSections().map(({ title, operations }) => ({
    title,
    compared: operations.map(compare),
  }));
  const all = sections.flatMap(({ compared }) => compared);
  const count = (offered: Compared['offered']) =>
    all.filter((one) => one.offered === offered).length;
  return `## Every operation and member

Worked out from the endpoint table; a test holds it equal. ${all.length} operations: ${count('yes')} yes, ${count('partly')} partly, ${count('no')} no. \`O\` is \`/orgs/:org_id\`, \`P\` is \`O/sec_policy/:pversion\`.

- **yes**: offered, with every parameter and member that is named here.
- **partly**: offered; what is not, or is kept and changes nothing, is said behind it.
- **no**: answers 404, or 405 where another method is offered.

${sections.map(({ title, compared }) => sectionText(title, compared)).join('\n')}
### Beyond the public API

${ownOperations()
  .map((place) => `- \`${place}\``)
  .join('\n')}
`;
}

function sectionText(title: string, compared: readonly Compared[]): string {
  return `### ${title}

| operation | offered | parameters, members of the body, members of the answer |
| --- | --- | --- |
${compared.map(rowText).join('\n')}
`;
}

function rowText({ operation, offered, query, body, answer }: Compared): string {
  const path = operation.path
    .replace('/orgs/:org_id', 'O')
    .replace('O/sec_policy/:pversion/', 'P/');
  const said = [
    ...groupText('parameters', query),
    ...groupText('body', body),
    ...groupText('answer', answer),
  ];
  return `| \`${operation.method} ${path}\` | ${offered} | ${said.join('. ')} |`;
}

function groupText(title: string, verdicts: readonly Verdict[]): string[] {
  if (verdicts.length === 0) return [];
  const named = (offered: Verdict['offered']) => verdicts.filter((one) => one.offered === offered);
  const partly = new Map<string, string[]>();
  for (const { name, note } of named('partly'))
    partly.set(note, [...(partly.get(note) ?? []), name]);
  const parts = [
    ...(named('yes').length === 0 ? [] : [`yes: ${list(named('yes').map(({ name }) => name))}`]),
    ...[...partly].map(([note, names]) => `partly: ${list(names)} (${cell(note)})`),
    ...(named('no').length === 0 ? [] : [`**no**: ${list(named('no').map(({ name }) => name))}`]),
  ];
  return [`${title} ${parts.join('; ')}`];
}

function list(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(' ');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
