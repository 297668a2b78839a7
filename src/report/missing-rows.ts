import { groupBy } from '../base/group-by.ts';
import type { AnalysisTopology } from './analysis.ts';
import { collectCommand } from './collect-command.ts';

export interface MissingRow {
  /** All that lack it. */
  readonly namespaces: readonly string[];
  /** What isn't known. */
  readonly text: string;
  /** What somebody types to get it; none where it is about one interface, since the dump itself is there. */
  readonly commands: readonly string[];
}

/** What several namespaces lack is one row. */
export function missingRows({ missing, namespaces }: AnalysisTopology): MissingRow[] {
  const items = missing.map(({ namespace, dump, text: told }) => {
    const own = `${namespace}: `;
    const text = told.startsWith(own) ? told.slice(own.length) : told;
    const netns = namespaces.find(({ name }) => name === namespace);
    const command = text.startsWith(`${namespace}:`)
      ? undefined
      : collectCommand(namespace, dump, netns?.container);
    return { namespace, dump, text, command };
  });
  return [...groupBy(items, ({ dump, text }) => `${dump}\n${text}`).values()].map((alike) => ({
    namespaces: alike.map(({ namespace }) => namespace),
    text: alike[0]?.text ?? '',
    commands: [...new Set(alike.flatMap(({ command }) => command ?? []))],
  }));
}
