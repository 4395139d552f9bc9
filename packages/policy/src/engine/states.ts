/** States for compiling without an engine: shared among what is compiled with them, and nothing more. */
import type { StateLookup } from './compile.ts';
import { selectorKey } from './conditions.ts';
import { SetState } from './set-state.ts';
import { SinglePorts } from './single-ports.ts';
import { sourceKey } from './sources.ts';
import { SelectorState } from './graph.ts';

export function standaloneStates(digest: (text: string) => string): StateLookup {
  const selectors = new Map<string, SelectorState>();
  const sets = new Map<string, SetState>();
  const shared = { digest, watched: false };
  return {
    ports: new SinglePorts(),
    selector: (selector) => {
      const id = selectorKey(selector);
      const known = selectors.get(id);
      if (known !== undefined) return known;
      const state = new SelectorState(0, selectors.size, selector);
      selectors.set(id, state);
      return state;
    },
    selectorSet: (state, form) => {
      state[form] ??= new SetState(state, shared, form === 'subnets');
      return state[form];
    },
    set: (source) => {
      const key = sourceKey(source);
      const known = sets.get(key);
      if (known !== undefined) return known;
      const set = new SetState(source, shared);
      sets.set(key, set);
      return set;
    },
  };
}
