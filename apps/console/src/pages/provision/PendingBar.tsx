/** At the foot of every policy page while drafts exist. */
import { IconPencil } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useUserName } from '../../api/lookups.ts';
import { plural } from '../../format/numbers.ts';
import { useDraft } from './pending.ts';

export function PendingBar() {
  const { items, count } = useDraft();
  const userName = useUserName();
  if (count === 0) return null;
  const people = [...new Set(items.map((item) => userName(item.updated_by.href)))];
  return (
    <div className="pend" role="status">
      <IconPencil size={16} className="i draft-c" aria-hidden />
      <span>
        <b>{plural(count, 'draft change')}</b>{' '}
        <span className="t2">
          by {people.join(' and ')}. Hosts enforce them once you provision.
        </span>
      </span>
      <span className="grow" />
      <Link className="btn sm" to="/provision">
        Review and provision <kbd>G P</kbd>
      </Link>
    </div>
  );
}
