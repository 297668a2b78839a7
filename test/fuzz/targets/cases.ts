import { readCase } from '../../../src/cases/file/read.ts';
import { CASES } from '../cases.ts';
import { holds, same } from '../check.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'cases',
  about: 'cases as YAML and JSON: read, or every fault said at its place',
  longest: 2048,
  seeds: () => CASES,
  run(text) {
    const lines = text.split(/\r\n|\r|\n/).length;
    for (const path of ['expect.yaml', 'expect.json']) {
      const { errors } = readCase(path, text);
      for (const { line } of errors) holds(line >= 1 && line <= lines, 'a fault stands in the file');
      same('a case read twice', readCase(path, text).errors, errors);
    }
  },
});
