/** `ipset list`, with or without `-t`: ipset_session_list(), lib/session.c of ipset. */
import { splitWords } from '../../ipset/words.ts';
import { because, type Format, type Parsed, sample } from '../format.ts';
import { SetReader } from '../ipset-reader.ts';
import type { DumpText } from '../text.ts';

const NAME = /^\s*Name: (\S.*?)\s*$/;
const TYPE = /^\s*Type: ((?:hash|bitmap|list):\S+)\s*$/;

export const ipsetList: Format = {
  id: 'ipset-list',
  command: 'ipset list',
  recognise,
  parse: parseSets,
};

/** A name and the type under it. */
function recognise(text: DumpText): string | undefined {
  let before = '';
  for (const { line, number } of sample(text)) {
    if (TYPE.test(line) && NAME.test(before)) return because(number, line);
    before = line;
  }
  return undefined;
}

/** A set's lines up to its members. */
interface Heading {
  readonly name: string;
  readonly line: number;
  readonly text: string;
  readonly fields: Map<string, string>;
}

function parseSets(text: DumpText): Parsed {
  const reader = new SetReader(text.path);
  let heading: Heading | undefined;
  const begin = (listed: boolean, example = ''): void => {
    if (!heading) return;
    reader.create(heading.name, headerWords(heading.fields, example), heading.line, heading.text, listed);
    heading = undefined;
  };
  let current = '';
  /** Its members follow; the first of them tells the family where no header does. */
  let waiting = false;
  text.lines.forEach((line, index) => {
    if (line.trim() === '') return;
    const name = NAME.exec(line)?.[1];
    if (name !== undefined) {
      begin(waiting || heading?.fields.get('Number of entries') === '0');
      heading = { name, line: index + 1, text: line, fields: new Map() };
      current = name;
      waiting = false;
      return;
    }
    if (heading && !waiting) {
      const [, field, value = ''] = /^\s*([A-Z][A-Za-z ]*):\s*(.*?)\s*$/.exec(line) ?? [];
      if (field === 'Type' && heading.fields.has('Type')) {
        begin(heading.fields.get('Number of entries') === '0');
        current = '';
        reader.flag(index + 1, line, 'expected `Name: SET` before it');
      } else if (field === undefined) reader.flag(index + 1, line, 'expected a line of the set’s header');
      else if (field === 'Members') waiting = true;
      else heading.fields.set(field, value);
      return;
    }
    if (waiting) begin(true, line.trim());
    waiting = false;
    if (current === '') reader.flag(index + 1, line, 'expected `Name: SET`');
    else if (reader.has(current)) reader.add(current, splitWords(line), index + 1, line);
  });
  begin(waiting || heading?.fields.get('Number of entries') === '0');
  return { content: { kind: 'ipsets', sets: reader.sets }, issues: reader.issues };
}

function headerWords(fields: ReadonlyMap<string, string>, example: string): string[] {
  const header = fields.get('Header');
  const words = header === undefined ? [] : header.split(/\s+/).filter((word) => word !== '');
  const six = header === undefined && /^[0-9a-f]*:[0-9a-f:]*:/i.test(example);
  return [fields.get('Type') ?? '', ...words, ...(six ? ['family', 'inet6'] : [])];
}
