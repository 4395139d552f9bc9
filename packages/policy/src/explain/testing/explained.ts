/** Explanations of connections in a plain model, by the reference evaluator. */
import type { Connection } from '../../decision.ts';
import type { PolicyModel } from '../../model.ts';
import { explainConnection } from '../explain.ts';
import type { DecidedEnd, Explanation } from '../explanation.ts';
import { modelLookup } from './model-lookup.ts';

export function explained(model: PolicyModel, connection: Connection): Explanation {
  return explainConnection(connection, modelLookup(model));
}

/** An end that has a say; throws where it has none. */
export function endThatDecides(
  explanation: Explanation,
  direction: 'outbound' | 'inbound',
): DecidedEnd {
  const end = explanation.ends[direction];
  if (end.kind === 'decided') return end;
  throw new Error(`${direction} has no say: ${end.why}`);
}
