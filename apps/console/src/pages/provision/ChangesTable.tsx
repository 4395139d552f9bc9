/** The draft changes, with a choice of them. */
import type { ReactNode } from 'react';
import { Checkbox } from '@mantine/core';
import {
  IconBox,
  IconFileText,
  IconMinus,
  IconPencil,
  IconPlus,
  IconSeparatorVertical,
} from '@tabler/icons-react';
import { useUserName } from '../../api/lookups.ts';
import { Age } from '../../ui/Bits.tsx';
import { titleOf, type PendingItem } from './pending.ts';

const CHANGES: Record<PendingItem['update_type'], ReactNode> = {
  create: (
    <span className="bdg allowed">
      <IconPlus aria-hidden />
      Added
    </span>
  ),
  update: (
    <span className="bdg draft">
      <IconPencil aria-hidden />
      Changed
    </span>
  ),
  delete: (
    <span className="bdg blocked">
      <IconMinus aria-hidden />
      Removed
    </span>
  ),
};
function ItemIcon({ type }: { readonly type: PendingItem['type'] }) {
  const Icon =
    type === 'rule_sets'
      ? IconFileText
      : type === 'enforcement_boundaries'
        ? IconSeparatorVertical
        : IconBox;
  return <Icon size={16} stroke={1.5} className="i" aria-hidden />;
}

export function ChangesTable({
  items,
  left,
  shown,
  onLeft,
  onShow,
}: {
  readonly items: readonly PendingItem[];
  /** Hrefs of what is not chosen. */
  readonly left: ReadonlySet<string>;
  /** Href of the change that is shown below. */
  readonly shown: string | undefined;
  readonly onLeft: (left: ReadonlySet<string>) => void;
  readonly onShow: (href: string) => void;
}) {
  const userName = useUserName();
  const chosen = items.filter((item) => !left.has(item.href)).length;
  const all = chosen === items.length;
  const toggle = (href: string): void => {
    const next = new Set(left);
    if (!next.delete(href)) next.add(href);
    onLeft(next);
  };
  return (
    <div className="tcard" style={{ overflowX: 'auto' }}>
      <table className="tbl" aria-label="Draft changes" style={{ minWidth: 620 }}>
        <colgroup>
          <col style={{ width: 40 }} />
          <col />
          <col style={{ width: 120 }} />
          <col style={{ width: 180 }} />
          <col style={{ width: 80 }} />
        </colgroup>
        <thead>
          <tr>
            <th scope="col">
              <Checkbox
                aria-label="Select all changes"
                checked={all}
                indeterminate={!all && chosen > 0}
                onChange={() => onLeft(all ? new Set(items.map((item) => item.href)) : new Set())}
              />
            </th>
            <th scope="col">Object</th>
            <th scope="col">Change</th>
            <th scope="col">By</th>
            <th scope="col" className="r">
              When
            </th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <tr key={item.href} className={item.href === shown ? 'sel' : ''}>
              <td>
                <Checkbox
                  aria-label={`Select ${titleOf(item)}`}
                  checked={!left.has(item.href)}
                  onChange={() => toggle(item.href)}
                />
              </td>
              <td>
                <button
                  type="button"
                  className="btn link plain"
                  onClick={() => onShow(item.href)}
                  aria-pressed={item.href === shown}
                >
                  <ItemIcon type={item.type} />
                  {titleOf(item)}
                </button>
              </td>
              <td>{CHANGES[item.update_type]}</td>
              <td>{userName(item.updated_by.href)}</td>
              <td className="r">
                <Age at={item.updated_at} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
