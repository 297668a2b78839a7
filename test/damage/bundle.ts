/** A whole bundle, analysed with one of its files damaged. */
import { relative } from 'node:path';
import { analyze } from '../../src/diagnose/analyze.ts';
import { resolveFiles } from '../../src/input/resolve.ts';
import { assemble } from '../../src/report/assemble.ts';
import { bytesOf, filesOf } from './corpus.ts';
import { recordsOf } from './records.ts';

export interface Whole {
  readonly folder: string;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
  /** What is read of each file, and how many packets the analysis has of it. */
  readonly rows: readonly Row[];
  /** The same with another file in place of one, as texts. Throws what the analysis throws. */
  read(name: string, bytes: Uint8Array): Promise<string[]>;
}

interface Row {
  readonly name: string;
  readonly text: string;
}

export async function wholeBundle(folder: string): Promise<Whole> {
  const files = filesOf(folder).map((path) => ({ name: relative(folder, path), bytes: bytesOf(path) }));
  const rows = await rowsOf(files);
  return {
    ...{ folder, files, rows },
    async read(name, bytes) {
      const others = files.map((file) => (file.name === name ? { name, bytes } : file));
      return (await rowsOf(others)).map(({ text }) => text);
    },
  };
}

async function rowsOf(files: Whole['files']): Promise<Row[]> {
  const inputs = await resolveFiles('bundle', files);
  const analysis = assemble(await analyze(inputs, { threads: 1 }));
  const nameOf = (path: string) => path.replace(/^bundle\//, '');
  return [
    ...inputs.dumps.flatMap(({ dump: { path, content } }) =>
      recordsOf(content).map(({ text }) => ({ name: nameOf(path), text: `${path} ${text}` })),
    ),
    ...analysis.inputs.flatMap(({ path, packets }) =>
      packets === undefined ? [] : [{ name: nameOf(path), text: `${path}: ${packets} packets` }],
    ),
  ];
}
