/** `--only`: cases and rows by a part of their names. */
import type { CaseFile } from '../../../cases/file/case-file.ts';

export interface Only {
  /** Which rows of the case are wanted; undefined: the case isn't. */
  rowsOf(file: CaseFile): ((row: string) => boolean) | undefined;
}

export function onlyOf(patterns: readonly string[] | undefined): Only | undefined {
  if (!patterns || patterns.length === 0) return undefined;
  const tests = patterns.map(pattern);
  const fits = (text: string) => tests.some((test) => test.test(text));
  return {
    rowsOf({ name, path, packets, flows, errors }) {
      if (fits(name) || fits(path)) return () => true;
      // What is wrong with a case may hide the row.
      const hasRow = [...packets, ...flows].some(({ text }) => fits(text)) && errors.length === 0;
      return hasRow ? fits : undefined;
    },
  };
}

function pattern(text: string): RegExp {
  const parts = text.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(parts.join('.*'), 'i');
}
