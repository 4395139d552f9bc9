/** All of one finding: what is so, what to do about it, and the objects that it is about. */
import { IconArrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { z } from 'zod';
import { parseHref, type DiagnosticWire } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { idOf } from '../../format/words.ts';
import { ObjectLink } from '../../ui/Words.tsx';

const namedSchema = z.object({
  name: z.string().nullish(),
  hostname: z.string().nullish(),
  value: z.string().nullish(),
  rules: z.array(z.object({ href: z.string() })).optional(),
});

/** A rule has no name of its own: it is its ruleset's, by its place there. */
async function nameOf(href: string): Promise<string> {
  const isRule = parseHref(href)?.path[1]?.[0] === 'sec_rules';
  const owner = isRule ? href.replace(/\/sec_rules\/.*$/, '') : href;
  const found = namedSchema.parse(await api().get(owner));
  const name = found.name ?? found.value ?? found.hostname ?? idOf(href);
  const index = (found.rules ?? []).findIndex((rule) => idOf(rule.href) === idOf(href));
  return isRule ? `${name}, rule ${index + 1}` : name;
}

function Related({ href }: { readonly href: string }) {
  const name = useQuery({ queryKey: ['diagnostics', 'name', href], queryFn: () => nameOf(href) });
  return name.data === undefined ? null : (
    <li>
      <ObjectLink href={href} name={name.data} />
    </li>
  );
}

export function Finding({ finding }: { readonly finding: DiagnosticWire }) {
  return (
    <div className="finding">
      <p>{finding.message}</p>
      <p className="fix">
        <IconArrowRight size={14} aria-hidden />
        {finding.remedy}
      </p>
      {finding.related.length === 0 ? null : (
        <div className="row top-al wrap">
          <span className="t3">See also</span>
          <ul className="row wrap">
            {finding.related.map((href) => (
              <Related key={href} href={href} />
            ))}
          </ul>
        </div>
      )}
      <p className="t3 sm mono">{finding.code}</p>
    </div>
  );
}
