import type { Analysis } from './analysis.ts';
import { namespaceNames } from './text/namespace-name.ts';
import { commonFolder, shortener } from './text/paths.ts';

/** What the sections of a report share. */
export interface View {
  readonly analysis: Analysis;
  /** That all inputs lie in, with its slash, which `shorten` takes off; empty where they share none. */
  readonly folder: string;
  readonly shorten: (path: string) => string;
  readonly nameOf: (namespace: string) => string;
}

export function viewOf(analysis: Analysis): View {
  const folder = commonFolder(analysis.inputs.map(({ path }) => path));
  return {
    analysis,
    folder,
    shorten: shortener(folder),
    nameOf: namespaceNames(analysis.topology.namespaces),
  };
}
