import { describe, expect, test } from 'vitest';
import { buildPlan } from '../plan/build-plan.ts';
import { PlanError } from '../plan/plan-error.ts';
import { renderRule } from '../nftables/render.ts';
import { aPolicy, someFacts } from '../testing/fixtures.ts';
import { translateIpTables } from './translate.ts';

/** The statement in nft's words: conditions, then the target as it was understood. */
function translate(chain: 'INPUT' | 'OUTPUT' | 'FORWARD', parameters: string, version: 4 | 6 = 4) {
  const translation = translateIpTables({ table: 'filter', chain, parameters }, version);
  if (!translation.ok) return translation.message;
  const { matches, target } = translation.statement;
  const text = renderRule({ matches, log: null, verdict: null, comment: null });
  return `${text} -> ${JSON.stringify(target)}`;
}

describe('a statement of iptables means the same in nft (policy-model edge case 6)', () => {
  test.each([
    ['-p tcp --dport 22 -j ACCEPT', 'tcp dport 22 -> {"kind":"accept"}'],
    ['-p tcp -m tcp --dport 1024: -j DROP', 'tcp dport 1024-65535 -> {"kind":"drop"}'],
    [
      '-p udp --sport :53 ! --dport 5000:5001 -j RETURN',
      'udp sport 0-53 udp dport != 5000-5001 -> {"kind":"return"}',
    ],
    ['--dport 22 -p 6 -j ACCEPT', 'tcp dport 22 -> {"kind":"accept"}'],
    [
      '-p tcp -m multiport --dports 443,80,8000:8100 -j ACCEPT',
      'tcp dport { 80, 443, 8000-8100 } -> {"kind":"accept"}',
    ],
    ['-s 10.1.2.3/8 -j DROP', 'ip saddr 10.0.0.0/8 -> {"kind":"drop"}'],
    ['! -s 10.0.0.0/255.0.0.0 -j DROP', 'ip saddr != 10.0.0.0/8 -> {"kind":"drop"}'],
    ['-d 192.0.2.1,192.0.2.9/32 -j DROP', 'ip daddr { 192.0.2.1, 192.0.2.9 } -> {"kind":"drop"}'],
    ['-i eth+ -j DROP', 'iifname "eth*" -> {"kind":"drop"}'],
    ['! -i eth0 -j DROP', 'iifname != "eth0" -> {"kind":"drop"}'],
    ['-p icmp --icmp-type echo-request -j DROP', 'icmp type 8 -> {"kind":"drop"}'],
    [
      '-p icmp -m icmp --icmp-type 3/1 -j LOG',
      'icmp type 3 icmp code 1 -> {"kind":"log","log":{"prefix":null,"level":"warn"}}',
    ],
    ['-p icmp --icmp-type any -j DROP', 'meta l4proto 1 -> {"kind":"drop"}'],
    ['! -p tcp -j DROP', 'meta l4proto != 6 -> {"kind":"drop"}'],
    ['-p all -j DROP', ' -> {"kind":"drop"}'],
    ['-p gre -j ACCEPT', 'meta l4proto 47 -> {"kind":"accept"}'],
    ['-m conntrack --ctstate NEW,INVALID -j DROP', 'ct state invalid,new -> {"kind":"drop"}'],
    ['-m state ! --state NEW -j DROP', 'ct state != { new } -> {"kind":"drop"}'],
    ['-p tcp --syn -j DROP', 'tcp flags & 23 == 2 -> {"kind":"drop"}'],
    [
      '-p tcp ! --syn -m state --state NEW -j DROP',
      'tcp flags & 23 != 2 ct state new -> {"kind":"drop"}',
    ],
    ['-p tcp --tcp-flags ALL NONE -j DROP', 'tcp flags & 63 == 0 -> {"kind":"drop"}'],
    [
      '-p icmp -m limit --limit 5/min --limit-burst 7 -j ACCEPT',
      'meta l4proto 1 limit rate 5/minute burst 7 packets -> {"kind":"accept"}',
    ],
    ['-m limit --limit 3 -j ACCEPT', 'limit rate 3/second burst 5 packets -> {"kind":"accept"}'],
    ['-m comment --comment "not \\"that\\" one" -j DROP', ' -> {"kind":"drop"}'],
    [
      "-j LOG --log-prefix 'in: ' --log-level 6",
      ' -> {"kind":"log","log":{"prefix":"in: ","level":"info"}}',
    ],
    ['-j REJECT', ' -> {"kind":"reject","answer":{"family":4,"code":3}}'],
    [
      '-p tcp -j REJECT --reject-with tcp-reset',
      'meta l4proto 6 -> {"kind":"reject","answer":"tcp_reset"}',
    ],
    [
      '-j REJECT --reject-with icmp-host-prohibited',
      ' -> {"kind":"reject","answer":{"family":4,"code":10}}',
    ],
  ])('%s', (parameters, expected) => {
    expect(translate('INPUT', parameters)).toBe(expected);
  });

  test('with the addresses, types and answers of IPv6', () => {
    expect(translate('OUTPUT', '-d 2001:db8::/32 -j DROP', 6)).toBe(
      'ip6 daddr 2001:db8::/32 -> {"kind":"drop"}',
    );
    expect(translate('INPUT', '-p ipv6-icmp --icmpv6-type echo-request -j DROP', 6)).toBe(
      'icmpv6 type 128 -> {"kind":"drop"}',
    );
    expect(translate('INPUT', '-j REJECT', 6)).toBe(
      ' -> {"kind":"reject","answer":{"family":6,"code":4}}',
    );
  });
});

describe('what nft cannot say the same is refused with the reason', () => {
  test.each([
    ['-p tcp --dport http -j ACCEPT', /"http" is not a port/],
    ['--dport 22 -j ACCEPT', /--dport needs -p/],
    ['-p icmp --dport 22 -j ACCEPT', /needs -p tcp, udp or sctp/],
    ['! -p tcp --dport 22 -j ACCEPT', /--dport needs -p/],
    ['-s host.example.com -j DROP', /not an IPv4 address/],
    ['-s 2001:db8::1 -j DROP', /not an IPv4 address/],
    ['-s 10.0.0.0/33 -j DROP', /not an IPv4 address/],
    ['! -s 10.0.0.1,10.0.0.2 -j DROP', /one statement each/],
    ['-o eth0 -j DROP', /-o has no meaning in INPUT/],
    ['-i a"b -j DROP', /quote is not closed/],
    ['-i sixteen-letters- -j DROP', /not the name of an interface/],
    ['-m recent --set -j DROP', /-m recent cannot be said/],
    ['-m owner --uid-owner 0 -j DROP', /-m owner cannot be said/],
    ['--uid-owner 0 -j DROP', /--uid-owner is not understood/],
    ['-p tcp', /no -j/],
    ['-p', /-p has no value/],
    ['-j MASQUERADE', /-j MASQUERADE cannot be said/],
    ['-j my-chain', /-j my-chain cannot be said/],
    ['-j DROP --reject-with tcp-reset', /--reject-with is for -j REJECT/],
    ['-j REJECT --reject-with tcp-reset', /needs -p tcp/],
    ['-j REJECT --reject-with icmp6-no-route', /cannot be said for IPv4/],
    ['-j LOG --log-prefix "a prefix that is longer than 29 characters"', /at most 29/],
    ['-j LOG --log-level loud', /not a log level/],
    ['-p ! tcp -j DROP', /write ! -p/],
    ['-p tcp --dport 22 --dport 23 -j DROP', /stands twice/],
    ['-p tcp --tcp-flags SYN -j DROP', /not one of the TCP flags|two values/],
    ['-p tcp --tcp-flags SYN ACK -j DROP', /not in the mask/],
    ['-m limit --limit 0/s -j ACCEPT', /not a rate/],
    ['-p tcp -m multiport --dports 1:5,4 -j DROP', /overlap at 4/],
    ['-m state --state GONE -j DROP', /not one of the states/],
    ['-A INPUT -j DROP', /-A is not understood/],
    ['10.0.0.1 -j DROP', /is no option/],
    ['-i lo -j DROP', /lo\) always passes/],
    ['-m state --state ESTABLISHED -j DROP', /always pass/],
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j LOG', /always pass/],
  ])('%s', (parameters, message) => {
    expect(translate('INPUT', parameters)).toMatch(message);
  });

  test('the same that always passes at the host does not when it is forwarded', () => {
    expect(translate('FORWARD', '-m state --state ESTABLISHED -j DROP')).toMatch(/"drop"/);
    expect(translate('FORWARD', '-i eth0 -o eth1 -j ACCEPT')).toMatch(/"accept"/);
  });

  test.each([
    ['nat', 'POSTROUTING'],
    ['mangle', 'INPUT'],
    ['filter', 'PREROUTING'],
  ] as const)('chain %s %s', (table, chain) => {
    const translation = translateIpTables({ table, chain, parameters: '-j ACCEPT' }, 4);
    expect(translation).toMatchObject({
      ok: false,
      message: expect.stringContaining(`chain ${chain} of table ${table}`),
    });
  });

  test('and a policy that holds it makes no plan: nothing is left out in silence', () => {
    const href = '/orgs/1/sec_policy/active/rule_sets/3/ip_tables_rules/5';
    const statements = [{ table: 'nat', chain: 'PREROUTING', parameters: '-j DNAT' }] as const;
    const policy = aPolicy({
      ipTablesRules: [{ ipVersion: 4, statements, origin: { href, version: 1 } }],
    });
    const build = () => buildPlan({ policy, sets: new Map(), host: someFacts() });
    expect(build).toThrow(PlanError);
    expect(build).toThrow(
      /ip_tables_rules\/5, "-A PREROUTING -j DNAT": chain PREROUTING of table nat/,
    );
  });
});
