/** Targets of iptables and their options. */
import { PROTOCOLS } from '@bulkhead/policy';
import type { Family } from '@bulkhead/net';
import { DEFAULT_LEVEL } from '../nftables/table.ts';
import type { Draft } from './draft.ts';
import type { RejectAnswer, StatementTarget } from './statement.ts';
import { readLevel, refuse, type Value } from './values.ts';

/** Option to the one target that takes it. */
export const TARGET_OPTIONS: ReadonlyMap<string, string> = new Map([
  ['--reject-with', 'REJECT'],
  ['--log-prefix', 'LOG'],
  ['--log-level', 'LOG'],
]);

const PREFIX_BYTES = 29;

const UNREACHABLE: Readonly<Record<Family, ReadonlyMap<string, number>>> = {
  4: new Map([
    ['icmp-net-unreachable', 0],
    ['icmp-host-unreachable', 1],
    ['icmp-proto-unreachable', 2],
    ['icmp-port-unreachable', 3],
    ['icmp-net-prohibited', 9],
    ['icmp-host-prohibited', 10],
    ['icmp-admin-prohibited', 13],
  ]),
  6: new Map([
    ['icmp6-no-route', 0],
    ['no-route', 0],
    ['icmp6-adm-prohibited', 1],
    ['adm-prohibited', 1],
    ['icmp6-addr-unreachable', 3],
    ['addr-unreach', 3],
    ['icmp6-port-unreachable', 4],
    ['port-unreach', 4],
  ]),
};
/** What iptables and ip6tables answer when nothing is said: port unreachable. */
const ANSWER: Readonly<Record<Family, number>> = { 4: 3, 6: 4 };

export function readTarget(draft: Draft): Value<StatementTarget> {
  const { target, targetOptions } = draft;
  for (const option of targetOptions.keys()) {
    if (TARGET_OPTIONS.get(option) === target) continue;
    return refuse(`${option} is for -j ${TARGET_OPTIONS.get(option)}`);
  }
  switch (target) {
    case 'ACCEPT':
      return { ok: true, value: { kind: 'accept' } };
    case 'DROP':
      return { ok: true, value: { kind: 'drop' } };
    case 'RETURN':
      return { ok: true, value: { kind: 'return' } };
    case 'REJECT':
      return readReject(draft, targetOptions.get('--reject-with'));
    case 'LOG':
      return readLog(targetOptions);
    case null:
      return refuse('there is no -j; a statement without a target does nothing');
    default:
      return refuse(
        `-j ${target} cannot be said; understood are ACCEPT, DROP, REJECT, LOG and RETURN`,
      );
  }
}

function readReject(draft: Draft, answer: string | undefined): Value<StatementTarget> {
  const { family, protocol, protocolNegated } = draft;
  const reject = (value: RejectAnswer): Value<StatementTarget> => ({
    ok: true,
    value: { kind: 'reject', answer: value },
  });
  if (answer === undefined) return reject({ family, code: ANSWER[family] });
  if (answer === 'tcp-reset') {
    return protocol === PROTOCOLS.tcp && !protocolNegated
      ? reject('tcp_reset')
      : refuse('--reject-with tcp-reset needs -p tcp');
  }
  const code = UNREACHABLE[family].get(answer);
  if (code !== undefined) return reject({ family, code });
  const known = ['tcp-reset', ...UNREACHABLE[family].keys()].join(', ');
  return refuse(`--reject-with ${answer} cannot be said for IPv${family}; understood are ${known}`);
}

function readLog(options: ReadonlyMap<string, string>): Value<StatementTarget> {
  const prefix = options.get('--log-prefix') ?? null;
  if (prefix !== null && (prefix.length > PREFIX_BYTES || !/^[ !#-[\]-~]*$/.test(prefix))) {
    return refuse(
      `--log-prefix has at most ${PREFIX_BYTES} printable characters, without quotes and backslashes`,
    );
  }
  const level = readLevel(options.get('--log-level') ?? DEFAULT_LEVEL);
  return level.ok
    ? { ok: true, value: { kind: 'log', log: { prefix, level: level.value } } }
    : level;
}
