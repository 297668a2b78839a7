/** `ipset list -o xml`, `ipset save -o xml`: ipset_session_list(), lib/session.c of ipset. A record a line. */
import { wordTable } from '../../base/word-table.ts';
import { type Format, firstLine, type Parsed } from '../format.ts';
import { SetReader } from '../ipset-reader.ts';
import type { DumpText } from '../text.ts';

const SET = /^\s*<ipset name="([^"]+)">/;
const ELEMENT = /<(\w+)>(.*?)<\/\1>|<(\w+)\/>/g;

export const ipsetXml: Format = {
  id: 'ipset-xml',
  command: 'ipset list -o xml',
  recognise: (text) => firstLine(text, /^\s*<ipsets>|^\s*<ipset name="/),
  parse: parseSets,
};

function parseSets(text: DumpText): Parsed {
  const reader = new SetReader(text.path);
  let name = '';
  let type = '';
  let at = 0;
  text.lines.forEach((line, index) => {
    const opened = SET.exec(line)?.[1];
    if (opened !== undefined) {
      name = unescaped(opened);
      type = '';
      at = index + 1;
    }
    const typed = /<type>([^<]*)<\/type>/.exec(line)?.[1];
    if (typed !== undefined) type = typed;
    const header = /^\s*<header>(.*)$/.exec(line)?.[1];
    if (header !== undefined && name === '')
      reader.flag(index + 1, line, 'expected `<ipset name="SET">` before it');
    else if (header !== undefined)
      reader.create(name, [type, ...wordsOf(header)], at || index + 1, `${name} ${type}`, false);
    const entries = /<numentries>0<\/numentries>|<members>/.test(line);
    if (entries && reader.has(name)) reader.listed(name);
    const member = /<member>(.*)<\/member>/.exec(line)?.[1];
    if (member !== undefined && reader.has(name)) {
      const [, element = '', ...rest] = wordsOf(member);
      reader.add(name, [element, ...rest], index + 1, line);
    }
    if (/<\/ipset>/.test(line)) name = '';
  });
  return { content: { kind: 'ipsets', sets: reader.sets }, issues: reader.issues };
}

/** `<timeout>5</timeout><nomatch/>` → `timeout 5 nomatch`. */
function wordsOf(xml: string): string[] {
  return [...xml.matchAll(ELEMENT)].flatMap(([, name, value = '', alone]) =>
    alone === undefined ? [name ?? '', unescaped(value.replace(/^"(.*)"$/, '$1'))] : [alone],
  );
}

const ENTITIES = wordTable<string>({ lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' });

function unescaped(text: string): string {
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => ENTITIES[name] ?? '');
}
