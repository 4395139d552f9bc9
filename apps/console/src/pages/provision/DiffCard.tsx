import { IconArrowBackUp, IconArrowRight } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { withVersion } from '@bulkhead/contract';
import { api } from '../../api/client.ts';
import { statusOf } from '../../api/failures.ts';
import { useLabelName, useServices } from '../../api/lookups.ts';
import { actorKey } from '../../format/actors.ts';
import { Btn } from '../../ui/Bits.tsx';
import { ActorChip, ServiceName, SubnetsBadge } from '../../ui/Chips.tsx';
import { ErrorNotice, Skeleton } from '../../ui/Notices.tsx';
import { ObjectLink } from '../../ui/Words.tsx';
import { diffLines, type DiffLine, type Sentence } from './diff.ts';
import { TYPE_NAMES, type PendingItem } from './pending.ts';

/** Null where the object is not in that state. */
async function stateOf(href: string, version: string): Promise<unknown> {
  try {
    return await api().get(withVersion(href, version));
  } catch (error) {
    if (statusOf(error) === 404) return null;
    throw error;
  }
}

function SentenceView({ sentence }: { readonly sentence: Sentence }) {
  const services = useServices();
  return (
    <span className="sent">
      {sentence.consumers.map((actor) => (
        <ActorChip key={actorKey(actor)} actor={actor} />
      ))}
      {sentence.subnets.includes('consumers') ? <SubnetsBadge /> : null}
      <IconArrowRight size={14} className="ar" aria-label="to" />
      {sentence.services.map((service, index) => (
        <ServiceName key={`${service.href ?? ''}${index}`} service={service} services={services} />
      ))}
      <IconArrowRight size={14} className="ar" aria-label="of" />
      {sentence.providers.map((actor) => (
        <ActorChip key={actorKey(actor)} actor={actor} />
      ))}
      {sentence.subnets.includes('providers') ? <SubnetsBadge /> : null}
      {sentence.badges.map((badge) => (
        <span key={badge} className="bdg">
          {badge}
        </span>
      ))}
    </span>
  );
}

function Line({ line }: { readonly line: DiffLine }) {
  return (
    <div className={line.sign === '+' ? 'add' : 'del'}>
      <span className="sg">
        <span className="vh">{line.sign === '+' ? 'added' : 'removed'}</span>
        <span aria-hidden="true">{line.sign}</span>
      </span>
      <span className="row">
        {line.number === undefined ? null : <span className="t3 num">{line.number}</span>}
        {line.sentence === undefined ? (
          <span className="mono">{line.text}</span>
        ) : (
          <SentenceView sentence={line.sentence} />
        )}
      </span>
    </div>
  );
}

export function DiffCard({
  item,
  onRevert,
}: {
  readonly item: PendingItem;
  readonly onRevert?: (() => void) | undefined;
}) {
  const nameOf = useLabelName();
  const query = useQuery({
    queryKey: [item.type, 'diff', item.href, item.updated_at],
    queryFn: async () => {
      const [before, after] = await Promise.all([
        stateOf(item.href, 'active'),
        item.update_type === 'delete' ? null : stateOf(item.href, 'draft'),
      ]);
      return { before, after };
    },
  });
  const lines =
    query.data === undefined
      ? undefined
      : diffLines(item.type, query.data.before, query.data.after, nameOf);
  return (
    <section className="tcard" style={{ flex: 'none' }} aria-label={`What changes in ${item.name}`}>
      <header
        className="row"
        style={{ padding: '10px 14px', borderBottom: '1px solid var(--bh-line)' }}
      >
        <h3>
          <ObjectLink href={item.href} name={item.name} />
        </h3>
        <span className="t3 sm">{TYPE_NAMES[item.type]}, draft against active</span>
        <span className="grow" />
        {onRevert === undefined ? null : (
          <Btn small kind="ghost" onClick={onRevert}>
            <IconArrowBackUp size={14} aria-hidden />
            Revert
          </Btn>
        )}
      </header>
      {query.error === null ? null : (
        <div style={{ padding: '0 14px' }}>
          <ErrorNotice
            error={query.error}
            what="what changes"
            onRetry={() => void query.refetch()}
          />
        </div>
      )}
      {lines === undefined ? (
        query.error === null ? (
          <div style={{ padding: '0 14px' }}>
            <Skeleton rows={2} />
          </div>
        ) : null
      ) : lines.length === 0 ? (
        <p className="t3" style={{ padding: 14 }}>
          Nothing that hosts would notice differs.
        </p>
      ) : (
        <div className="diff">
          {lines.map((line, index) => (
            <Line key={index} line={line} />
          ))}
        </div>
      )}
    </section>
  );
}
