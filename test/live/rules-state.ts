/** Files of a host's state, made by hand. */
import { essenceOf } from '../../src/live/essence.ts';
import type { RuleBook } from '../../src/live/rule-book.ts';

type State = Parameters<RuleBook['update']>[0];

/** By path within `namespaces`. */
export function stateOf(taken: number, files: Readonly<Record<string, string>>): State {
  const textOf = (path: string) => files[path.replace(/^namespaces\//, '')];
  return {
    file: (path) => {
      const text = textOf(path);
      return text === undefined ? undefined : { text, taken, command: '' };
    },
    essence: (path) => {
      const text = textOf(path);
      return text === undefined ? undefined : essenceOf(path.split('/').at(-1) ?? '', text);
    },
  };
}
