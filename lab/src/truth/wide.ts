/** Policies with so many rules about the same thing that firewalls look them up in other ways than a few. */
import type { ActorText, ScenarioDocument } from '../scenario/format.ts';
import type { Random } from './random.ts';

type RuleSet = NonNullable<ScenarioDocument['rulesets']>[number];
type IpList = NonNullable<ScenarioDocument['ip_lists']>[number];

const PREFIXES = ['10.1.0.', '10.1.1.', '10.2.0.', '192.168.7.', '198.51.100.'] as const;
const LISTS = 80;
const PORT_RULES = 60;
const LAST_PORT = 9100;

/** Parts of the networks that hosts are on, which overlap now and then. */
function randomRanges(random: Random): string[] {
  return random.times(1, 3, () => {
    const prefix = random.pick(PREFIXES);
    const first = random.int(120);
    return random.chance(0.5)
      ? `${prefix}${first}`
      : `${prefix}${first}-${prefix}${first + random.int(30)}`;
  });
}

/** Many address sets on equal services, and many ranges of ports that overlap: every network is opened or closed in parts. */
export function randomWide(random: Random): {
  readonly lists: readonly IpList[];
  readonly ruleSet: RuleSet;
} {
  const lists = Array.from({ length: LISTS }, (_, index): IpList => ({
    name: `wide ${index + 1}`,
    ranges: randomRanges(random),
  }));
  const inOneWay = (list: ActorText): Pick<RuleSet['rules'][number], 'providers' | 'consumers'> =>
    random.chance(0.5)
      ? { providers: ['ams'], consumers: [list] }
      : { providers: [list], consumers: ['ams'] };
  const byAddress = lists.map(({ name }) => ({
    name: `of ${name}`,
    ...inOneWay({ ip_list: name }),
    ingress_services: ['tcp/443', 'udp/53', 'icmp/8'],
  }));
  const byPort = Array.from({ length: PORT_RULES }, (_, index) => {
    const first = 1 + random.int(LAST_PORT);
    return {
      name: `port ${index + 1}`,
      ...inOneWay({ ip_list: random.pick(lists).name }),
      ingress_services: [`tcp/${first}-${first + random.int(LAST_PORT)}`, `udp/${first}`],
    };
  });
  return { lists, ruleSet: { name: 'wide', rules: [...byAddress, ...byPort] } };
}
