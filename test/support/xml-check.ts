/** A strict reader of the XML that a report is: elements, attributes and text; anything that XML 1.0 doesn't allow is an error. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function parseXml(source: string): Element {
  const wrong = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.exec(source);
  if (wrong) throw new Error(`character ${wrong[0].codePointAt(0)?.toString(16)} at ${wrong.index}`);
  const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n';
  if (!source.startsWith(declaration)) throw new Error('no XML declaration');
  let at = declaration.length;
  const fail = (what: string): never => {
    throw new Error(`${what} at ${at}: ${source.slice(at, at + 40)}`);
  };
  const plain = (text: string): string =>
    text.replace(/&([^;]*;?)/g, (_, name: string) =>
      name.endsWith(';') ? (ENTITIES[name.slice(0, -1)] ?? fail(`entity ${name}`)) : fail('a bare &'),
    );
  const element = (): Element => {
    const open = /^<([A-Za-z][\w-]*)((?: [A-Za-z][\w-]*="[^"<]*")*)(\/?)>/.exec(
      source.slice(at, at + 100_000),
    );
    if (!open) return fail('no start tag');
    const [whole, name = '', list = '', closed] = open;
    at += whole.length;
    const attributes: Record<string, string> = {};
    for (const [, key = '', value = ''] of list.matchAll(/ ([\w-]+)="([^"]*)"/g)) {
      if (key in attributes) fail(`attribute ${key} twice`);
      attributes[key] = plain(value);
    }
    const children: Element[] = [];
    let text = '';
    if (closed === '/') return { name, attributes, children, text };
    for (;;) {
      if (source.startsWith(`</${name}>`, at)) {
        at += name.length + 3;
        return { name, attributes, children, text };
      }
      if (source[at] === '<') children.push(element());
      else {
        const next = source.indexOf('<', at);
        if (next < 0) fail('no end tag');
        const part = source.slice(at, next);
        if (part.includes(']]>')) fail(']]>');
        text += plain(part);
        at = next;
      }
    }
  };
  const root = element();
  if (source.slice(at).trim() !== '') fail('more behind the root');
  return root;
}

/** Attributes (those that must be there first) and children of each element of junit-10.xsd, as far as nettrace writes them. */
const JUNIT: Readonly<
  Record<string, { needs: readonly string[]; has: readonly string[]; in: readonly string[] }>
> = {
  testsuites: { needs: [], has: ['name', 'time', 'tests', 'failures', 'errors'], in: [''] },
  testsuite: {
    needs: ['name', 'tests', 'failures', 'errors'],
    has: ['group', 'time', 'skipped', 'timestamp', 'hostname', 'id', 'package', 'file', 'log', 'url'],
    in: ['testsuites'],
  },
  testcase: { needs: ['name'], has: ['time', 'classname', 'group'], in: ['testsuite'] },
  failure: { needs: [], has: ['type', 'message'], in: ['testcase'] },
  error: { needs: [], has: ['type', 'message'], in: ['testcase'] },
  skipped: { needs: [], has: ['type', 'message'], in: ['testcase'] },
  'system-out': { needs: [], has: [], in: ['testcase', 'testsuite'] },
};

/** Throws where the document is no JUnit report, or its sums are wrong. */
export function checkJunit(source: string): Element {
  const root = parseXml(source);
  const visit = (element: Element, parent: string): void => {
    const rule = JUNIT[element.name];
    if (!rule?.in.includes(parent)) throw new Error(`<${element.name}> in <${parent}>`);
    const keys = Object.keys(element.attributes);
    for (const key of rule.needs) if (!keys.includes(key)) throw new Error(`${element.name} without ${key}`);
    for (const key of keys)
      if (![...rule.needs, ...rule.has].includes(key)) throw new Error(`${element.name} with ${key}`);
    const { time, timestamp } = element.attributes;
    if (time !== undefined && !/^\d+\.\d{3}$/.test(time)) throw new Error(`time ${time}`);
    if (timestamp !== undefined && !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(timestamp))
      throw new Error(`timestamp ${timestamp}`);
    if (element.children.length > 0 && element.text.trim() !== '') throw new Error('mixed content');
    for (const child of element.children) visit(child, element.name);
  };
  visit(root, '');
  for (const one of [root, ...root.children]) {
    const cases = one === root ? root.children.flatMap(({ children }) => children) : one.children;
    const count = (name: string) =>
      cases.filter(({ children }) => children.some((child) => child.name === name)).length;
    const sums = [cases.length, count('failure'), count('error')].map(String);
    const { tests, failures, errors } = one.attributes;
    if (`${[tests, failures, errors]}` !== `${sums}`)
      throw new Error(`sums ${[tests, failures, errors]}, are ${sums}`);
  }
  for (const suite of root.children) {
    const names = suite.children.map(({ attributes }) => attributes.name);
    if (new Set(names).size !== names.length)
      throw new Error(`${suite.attributes.name}: two cases of one name`);
  }
  return root;
}
