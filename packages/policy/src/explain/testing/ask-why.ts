/** Explanations of questions in one line, by the reference evaluator. */
import { connectionOf, type Question } from '@bulkhead/testkit';
import type { PolicyModel } from '../../model.ts';
import { explainConnection } from '../explain.ts';
import type { DecidedEnd, Explanation } from '../explanation.ts';
import { modelLookup } from './model-lookup.ts';

export function askWhy(model: PolicyModel, question: Question): Explanation {
  return explainConnection(connectionOf(model, question), modelLookup(model));
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
