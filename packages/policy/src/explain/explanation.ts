/**
 * Why a connection is decided as it is: the shape that API, console, command line and scenarios share. Plain JSON, complete in itself:
 * every object comes with its name, so that a reader needs no second question.
 */
import type { Connection, Decision } from '../decision.ts';
import type { ServicePort } from '../model.ts';
import type {
  EnforcementMode,
  Ipv6Mode,
  NetworkProfile,
  NetworkType,
  OsFamily,
  PolicyDecision,
  Precedence,
  RuleSide,
} from '../vocabulary.ts';

/** An object and what people call it; the href again where it has no name. */
export interface ObjectRef {
  readonly href: string;
  readonly name: string;
}

/** A label; key and value are empty and the href where the label does not exist. */
export interface LabelRef {
  readonly href: string;
  readonly key: string;
  readonly value: string;
}

/** One label or group of a scope. `name`: the label's value or the group's name. */
export interface ScopeEntryRef extends ObjectRef {
  readonly kind: 'label' | 'label_group';
  readonly key: string;
  readonly exclusion: boolean;
}

/** The scope within which a rule is looked at. A ruleset without scopes has one without entries: everything. */
export interface ScopeRef {
  /** Place among the scopes of the ruleset, from 0. */
  readonly index: number;
  readonly entries: readonly ScopeEntryRef[];
}

/** A rule within one scope of its ruleset, or a boundary (no ruleset, no scope). */
export interface StatementRef extends ObjectRef {
  /** Policy version in which it last changed; 0 while it is draft only. */
  readonly version: number;
  readonly ruleSet: ObjectRef | null;
  readonly scope: ScopeRef | null;
  readonly networkType: NetworkType;
}

/** One key of labels, as the side itself (`actors`) or the ruleset's scope asks for it. */
export interface MatchedCondition {
  readonly key: string;
  readonly from: 'actors' | 'scope';
  /** `in`: the label is one that is asked for. `not`: it is none of those left out; null where the workload has no label of the key. */
  readonly test: 'in' | 'not';
  readonly label: LabelRef | null;
  /** The label group that brings the label; null: it is named itself. */
  readonly through: ObjectRef | null;
}

/**
 * Why one end of the connection is on one side of a rule. An end that enforces is there as a workload; the other end is a peer by its
 * address, so `workload` is then whose address it is, which may be another one than the connection says (a duplicate address).
 */
export type MatchReason =
  | {
      readonly kind: 'ams';
      readonly workload: ObjectRef;
      readonly conditions: readonly MatchedCondition[];
    }
  | {
      readonly kind: 'label';
      readonly workload: ObjectRef;
      readonly conditions: readonly MatchedCondition[];
    }
  /** By Use Workload Subnets: the address lies in a network of a workload that the labels select (PS-22). */
  | {
      readonly kind: 'subnet';
      readonly network: string;
      readonly workload: ObjectRef;
      readonly conditions: readonly MatchedCondition[];
    }
  | { readonly kind: 'workload'; readonly workload: ObjectRef }
  /** By a workload that is bound to it, or (workload null) by an address of its own: the span that holds it. */
  | {
      readonly kind: 'virtual_service';
      readonly virtualService: ObjectRef;
      readonly workload: ObjectRef | null;
      readonly range: string | null;
    }
  /** By the range that holds the address (exclusions subtracted), or by the entry that the resolved name fits. */
  | {
      readonly kind: 'ip_list';
      readonly ipList: ObjectRef;
      readonly range: string | null;
      readonly fqdn: string | null;
    };

/** The entry that a connection's protocol and port fit, and where it stands. */
export interface ServiceMatch {
  /** Null: written into the rule or virtual service itself. */
  readonly service: ObjectRef | null;
  /** The provider whose own service counts in place of the rule's (PS-9). */
  readonly virtualService: ObjectRef | null;
  readonly port: ServicePort;
}

/** A rule or boundary that matches at an end. Each side has at least one reason. */
export interface StatementMatch extends StatementRef {
  readonly providers: readonly MatchReason[];
  readonly consumers: readonly MatchReason[];
  readonly service: ServiceMatch;
  /** SIDs of user groups to which the rule is narrowed at this end, and of which the user is in one. */
  readonly principals: readonly string[];
}

/** What was asked for, as a service says it. */
export interface AskedService {
  readonly protocol: number;
  readonly port: number | null;
  readonly icmpType: number | null;
  readonly icmpCode: number | null;
}

/** Who could stand on a side of a new rule. */
export type SuggestedActor =
  | { readonly kind: 'label'; readonly label: LabelRef }
  | { readonly kind: 'workload'; readonly workload: ObjectRef }
  /** An IP list that holds the address; null: none does yet. */
  | { readonly kind: 'address'; readonly address: string; readonly ipList: ObjectRef | null };

/** A change that lets one condition hold. What it is applied to is named, so that a program can do it. */
export type Suggestion =
  /** Give the workload one of `wants` for the key; none wanted: any other label of the key than `unwanted`, or none at all. */
  | {
      readonly kind: 'label';
      readonly workload: ObjectRef;
      readonly key: string;
      readonly wants: readonly LabelRef[];
      readonly unwanted: readonly LabelRef[];
    }
  | {
      readonly kind: 'service';
      readonly to: ObjectRef & { readonly kind: 'rule' | 'service' | 'virtual_service' };
      readonly add: ServicePort;
    }
  | {
      readonly kind: 'enable';
      readonly what: ObjectRef & { readonly kind: 'rule' | 'rule_set' };
    }
  | { readonly kind: 'network_type'; readonly rule: ObjectRef; readonly to: NetworkType }
  | {
      readonly kind: 'actor';
      readonly rule: ObjectRef;
      readonly side: RuleSide;
      readonly workload: ObjectRef;
    }
  | { readonly kind: 'address'; readonly ipList: ObjectRef; readonly add: string }
  /** The host must be heard of again. */
  | { readonly kind: 'online'; readonly workload: ObjectRef }
  | { readonly kind: 'user_groups'; readonly rule: ObjectRef; readonly add: readonly string[] }
  | { readonly kind: 'ipv6_mode'; readonly to: Ipv6Mode }
  | {
      readonly kind: 'new_rule';
      readonly providers: readonly SuggestedActor[];
      readonly consumers: readonly SuggestedActor[];
      readonly service: ServicePort;
      readonly networkType: NetworkType;
    };

/** What keeps a rule from matching. `suggestion` is null where no single change of policy or facts would do. */
export type FailingCondition =
  /** The workload's label of the key is not one that the side (`actors`) or the scope asks for, or one that they leave out. */
  (
    | {
        readonly kind: 'label';
        readonly side: RuleSide;
        readonly from: readonly ('actors' | 'scope')[];
        readonly workload: ObjectRef;
        readonly key: string;
        readonly test: 'in' | 'not';
        readonly has: LabelRef | null;
        /** Those asked for (`in`) or left out (`not`), by side and scope together. */
        readonly labels: readonly LabelRef[];
      }
    /** The side resolves to nobody (PS-6), by this key's labels; key null: by all that it names. */
    | { readonly kind: 'nobody'; readonly side: RuleSide; readonly key: string | null }
    /** The side has no labels, and what it names is neither the workload nor the address. */
    | {
        readonly kind: 'not_named';
        readonly side: RuleSide;
        readonly workload: ObjectRef | null;
        readonly address: string;
      }
    /** The side asks for labels, and the address is no workload's. */
    | { readonly kind: 'no_workload'; readonly side: RuleSide; readonly address: string }
    /** PS-21: the addresses of an offline workload are out of the sets. */
    | { readonly kind: 'offline'; readonly side: RuleSide; readonly workload: ObjectRef }
    /** PS-20: the address is none by which the workload is a peer. */
    | {
        readonly kind: 'no_peer_address';
        readonly side: RuleSide;
        readonly workload: ObjectRef;
        readonly address: string;
        readonly why: 'external_interface' | 'never_a_peer' | 'not_reported';
      }
    | {
        readonly kind: 'service';
        readonly asked: AskedService;
        readonly has: readonly ServicePort[];
        readonly virtualService: ObjectRef | null;
      }
    /** Protocol and port fit, the program or Windows service that answers does not, or the host cannot tell. */
    | {
        readonly kind: 'program';
        readonly process: string | null;
        readonly windowsService: string | null;
        readonly osFamily: OsFamily | null;
        readonly has: readonly ServicePort[];
        readonly virtualService: ObjectRef | null;
      }
    /** PS-30 */
    | {
        readonly kind: 'network_profile';
        readonly interfaceName: string | null;
        readonly networkProfile: NetworkProfile;
        readonly networkType: NetworkType;
      }
    | {
        readonly kind: 'disabled';
        readonly what: ObjectRef & { readonly kind: 'rule' | 'rule_set' };
      }
    /** `has`: SIDs of the user; null: not known. */
    | {
        readonly kind: 'user_groups';
        readonly wants: readonly string[];
        readonly has: readonly string[] | null;
      }
    /** The rule is for user groups and this consumer cannot tell users apart. */
    | {
        readonly kind: 'user_groups_unsupported';
        readonly workload: ObjectRef;
        readonly osFamily: OsFamily | null;
      }
    /** The organization blocks all IPv6 but essential traffic: no rule opens it. */
    | { readonly kind: 'ipv6_mode' }
  ) & { readonly suggestion: Suggestion | null };

/** A rule that does not match, and all that keeps it from doing so: at least one condition. */
export interface NearestRule extends StatementRef {
  readonly failing: readonly FailingCondition[];
}

/** Why an end has no say (PS-10, PS-32). */
export type NoSay =
  | 'external'
  | 'unknown_workload'
  | 'unmanaged'
  | 'idle'
  | 'suspended'
  | 'interface_not_managed';

/** What of essential traffic a connection is (PS-41). */
export type EssentialKind =
  | 'loopback'
  | 'icmp_error'
  | 'neighbour_discovery'
  | 'multicast_listener_discovery';

export type EndExplanation =
  | {
      readonly kind: 'no_say';
      readonly why: NoSay;
      /** Null: no workload that is known. */
      readonly workload: ObjectRef | null;
      readonly interfaceName: string | null;
    }
  | DecidedEnd;

/** An end that has a say. */
export interface DecidedEnd {
  readonly kind: 'decided';
  readonly workload: ObjectRef;
  readonly decision: PolicyDecision;
  readonly mode: EnforcementMode;
  readonly interfaceName: string | null;
  readonly networkProfile: NetworkProfile;
  /** What decided: a place in the order of precedence, or the organization's IPv6 mode. */
  readonly precedence: Precedence | 'ipv6_mode';
  readonly essential: EssentialKind | null;
  /** Those of the decision, once for each scope in which they match; sorted by href and scope. */
  readonly rules: readonly StatementMatch[];
  readonly boundaries: readonly StatementMatch[];
  /** Workloads that every policy treats like this one, it included, and lines of the policy that they share. */
  readonly policyClass: { readonly workloads: number; readonly lines: number };
  /**
   * Where the end blocks or would block: at most three rules that come nearest to matching here. Fewest failing conditions first, then
   * those within whose scope the workload is, then by href and scope. Rules that have only IP lists on the workload's side are never
   * enforced by it (PS-7) and are not among them. Empty where the end allows.
   */
  readonly nearest: readonly NearestRule[];
  /** Besides these: a rule of its own that lets the connection pass here, or the IPv6 mode in which rules count at all. Null where the end allows. */
  readonly suggestion: Suggestion | null;
}

export interface Explanation {
  readonly connection: Connection;
  /** As `PolicyCore.decide` says. */
  readonly decision: Decision;
  readonly ends: { readonly outbound: EndExplanation; readonly inbound: EndExplanation };
}
