import type { AnalysisTopology } from './analysis.ts';
import { collectCommand } from './collect-command.ts';

export interface MissingRow {
  readonly namespace: string;
  readonly dump: string;
  /** What isn't known. */
  readonly text: string;
  /** What somebody types to get it; none where it is about one interface, since the dump itself is there. */
  readonly command?: string;
}

export function missingRows({ missing, namespaces }: AnalysisTopology): MissingRow[] {
  return missing.map(({ namespace, dump, text: told }) => {
    const own = `${namespace}: `;
    const text = told.startsWith(own) ? told.slice(own.length) : told;
    const netns = namespaces.find(({ name }) => name === namespace);
    const command = text.startsWith(`${namespace}:`)
      ? undefined
      : collectCommand(namespace, dump, netns?.container);
    return { namespace, dump, text, ...(command !== undefined && { command }) };
  });
}
