import { describe, expect, it } from 'vitest';
import { printDump } from '../../src/dump/print.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';

const TEXT = `dev br0 port br0 grp 239.1.1.2 temp  259.71
dev br0 port pb grp 239.1.1.1 permanent proto static     0.00
dev br0 port pb grp 239.1.1.3 src 10.0.0.1 temp filter_mode include proto kernel vid 10  259.59
dev br0 port pb grp 01:02:03:04:05:06 permanent proto static     0.00
router ports on br0: pb    0.00 permanent pa   12.00 temp
`;
const JSON_FORM = `[{"mdb":[{"index":2,"dev":"br0","port":"br0","grp":"239.1.1.2","state":"temp","flags":[],"timer":" 259.74"},
{"index":2,"dev":"br0","port":"pb","grp":"239.1.1.1","state":"permanent","protocol":"static","flags":[],"timer":"   0.00"},
{"index":2,"dev":"br0","port":"pb","grp":"239.1.1.3","src":"10.0.0.1","state":"temp","protocol":"kernel","flags":[],"vid":10},
{"index":2,"dev":"br0","port":"pb","grp":"01:02:03:04:05:06","state":"permanent","protocol":"static","flags":[]}],
"router":{"br0":[{"port":"pb","timer":"   0.00","type":"permanent"},{"port":"pa","timer":"  12.00","type":"temp"}]}}]`;

function read(text: string) {
  const dump = recogniseDump('x', text, 'x');
  if (dump?.content.kind !== 'mdb') throw new Error(`read as ${dump?.content.kind}`);
  return { ...dump, content: dump.content };
}
const bare = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (key, item) => (key === 'span' ? undefined : item)));

describe('bridge mdb', () => {
  it('text and JSON say the same', () => {
    const { content, issues } = read(TEXT);
    expect(issues).toEqual([]);
    expect(content.entries.map(({ port, vlan, permanent, link }) => [port, vlan, permanent, link])).toEqual([
      ['br0', undefined, false, false],
      ['pb', undefined, true, false],
      ['pb', 10, false, false],
      ['pb', undefined, true, true],
    ]);
    expect(content.routers?.map(({ port, permanent }) => [port, permanent])).toEqual([
      ['pb', true],
      ['pa', false],
    ]);
    expect(bare(read(JSON_FORM).content)).toEqual(bare(content));
  });

  it('its canonical form says it again', () => {
    const { content } = read(TEXT);
    expect(bare(read(printDump(content) ?? '').content)).toEqual(bare(content));
  });

  it('without -d nothing is known of router ports', () => {
    const text =
      '[{"mdb":[{"index":2,"dev":"br0","port":"pb","grp":"239.1.1.1","state":"temp","flags":[]}],"router":{}}]';
    expect(read(text).content.routers).toBeUndefined();
  });

  it('a bad line costs itself', () => {
    const { content, issues } = read(`dev br0 port pb grp nonsense temp\n${TEXT}`);
    expect(content.entries).toHaveLength(4);
    expect(issues).toMatchObject([{ code: 'dump-line', line: 1 }]);
  });
});
