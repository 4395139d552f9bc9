/** The Rule Options menu of a row. */
import { Menu } from '@mantine/core';
import { IconCheck, IconDots } from '@tabler/icons-react';
import { NETWORK_TYPES, type NetworkType } from '@bulkhead/policy';
import { networkProfileState, type Sides } from '../../format/rule-options.ts';
import { NETWORK_PROFILE_NAMES } from '../../format/words.ts';

export interface RuleOptionsProps {
  readonly name: string;
  readonly sides: Sides;
  readonly networkType: NetworkType;
  readonly stateless: boolean;
  readonly enabled: boolean;
  readonly onNetworkType: (type: NetworkType) => void;
  readonly onStateless: () => void;
  readonly onEnabled: () => void;
  readonly onDelete: () => void;
}

export function RuleOptions({
  name,
  sides,
  networkType,
  stateless,
  enabled,
  onNetworkType,
  onStateless,
  onEnabled,
  onDelete,
}: RuleOptionsProps) {
  return (
    <Menu position="bottom-end" width={360}>
      <Menu.Target>
        <button type="button" className="icb sm" aria-label={`Rule Options of ${name}`}>
          <IconDots size={16} aria-hidden />
        </button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>Network profile</Menu.Label>
        {NETWORK_TYPES.map((type) => {
          const state = networkProfileState(type, sides);
          return (
            <Menu.Item
              key={type}
              aria-current={networkType === type}
              aria-label={NETWORK_PROFILE_NAMES[type]}
              disabled={!state.allowed}
              onClick={() => onNetworkType(type)}
              rightSection={networkType === type ? <IconCheck size={14} aria-hidden /> : null}
            >
              {NETWORK_PROFILE_NAMES[type]}
              <div className="t3 sm">{state.allowed ? state.note : state.reason}</div>
            </Menu.Item>
          );
        })}
        <Menu.Divider />
        <Menu.Item
          aria-current={stateless}
          onClick={onStateless}
          rightSection={stateless ? <IconCheck size={14} aria-hidden /> : null}
        >
          Stateless
        </Menu.Item>
        <Menu.Item onClick={onEnabled}>{enabled ? 'Disable' : 'Enable'}</Menu.Item>
        <Menu.Item className="danger" c="var(--bh-blocked)" onClick={onDelete}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
