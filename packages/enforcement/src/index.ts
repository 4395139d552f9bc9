export type {
  Direction,
  Endpoint,
  EssentialName,
  FirewallPlan,
  HostFacts,
  HostInterface,
  LogEntry,
  PlanEssential,
  PlanInterfaces,
  PlanRule,
  PlanSet,
  PlanVerdict,
  ServiceMatch,
  VerdictReason,
} from './plan/plan.ts';
export type { PortRange } from './plan/port-range.ts';
export { translateIpTables, type Translation } from './iptables/translate.ts';
export type { TranslatedStatement } from './iptables/statement.ts';
export { buildPlan, type PlanInput } from './plan/build-plan.ts';
export { PlanError } from './plan/plan-error.ts';
export { nameSetId, setsForName } from './plan/names.ts';
export { withInterfaces, withSetDelta } from './plan/update.ts';
export {
  createEvaluator,
  evaluatePlan,
  requirePceConnection,
  type PlanDecision,
  type PlanEvaluator,
  type PlanPacket,
} from './evaluate/evaluate-plan.ts';
export { connectionsToCut, firstPacket, type TrackedConnection } from './evaluate/connections.ts';
export {
  NFLOG_BYTES,
  NFLOG_GROUP,
  NFT_ABSENT,
  NFT_TABLE,
  type NftTable,
} from './nftables/table.ts';
export { elementChanges, type ElementChange } from './nftables/element-change.ts';
export { RenderError, renderNftables } from './nftables/render.ts';
export { renderCut } from './nftables/cut.ts';
export { parseRuleset, RulesetParseError } from './nftables/parse.ts';
export { compareWithPlan, kernelSetNames, type NftDifference } from './nftables/compare.ts';
