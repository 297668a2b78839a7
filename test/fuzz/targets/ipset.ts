import { printDump } from '../../../src/dump/print.ts';
import { recogniseDump } from '../../../src/dump/recognise.ts';
import type { Query } from '../../../src/ipset/query.ts';
import { MOST_EXPANDED } from '../../../src/ipset/running-set.ts';
import { createSets } from '../../../src/ipset/sets.ts';
import { buildSkb } from '../../../src/skb/build.ts';
import { same } from '../check.ts';
import { textsOf } from '../seeds.ts';
import { textTarget } from '../target.ts';

export const target = textTarget({
  name: 'ipset',
  about: 'ipset save, list and list -output xml: what is printed reads back; every set is made to run',
  longest: 2048,
  // Ranges are laid out, up to so many elements of all sets.
  steps: 200 * MOST_EXPANDED,
  seeds: () => [...textsOf('test/dump/recorded', /^ipset/, 2000), ...SAVED],
  run(text) {
    for (const hint of ['ipset-save.txt', 'ipset list', 'ipset list -output xml']) {
      const dump = recogniseDump('x', text, hint);
      const content = dump?.content;
      if (content?.kind !== 'ipsets') continue;
      const printed = printDump(content) ?? '';
      const again = recogniseDump('x', printed, 'ipset save')?.content;
      if (printed !== '' && dump?.issues.length === 0)
        same('sets, printed and read', again && printDump(again), printed);
      const sets = createSets('host', content.sets);
      for (const { name } of content.sets.slice(0, 20)) sets.test(name, { ...QUERY });
      sets.records(1);
    }
  },
});

const SKB = buildSkb({ protocol: 6, source: 0x0a000001, destination: 0x0a000002, time: 0 });
const QUERY: Query = {
  skb: SKB,
  directions: ['src', 'dst', 'dst'],
  ...{ returnNomatch: false, skipCounters: false, skipSubcounters: false, exist: false },
  found: undefined,
};

const SAVED = [
  'create a hash:ip family inet hashsize 1024 maxelem 65536 timeout 60 counters\nadd a 10.0.0.1 timeout 9 packets 3 bytes 4\nadd a 10.0.0.8/30\n',
  'create b hash:net,iface family inet6 hashsize 64 maxelem 9 comment\nadd b fd00::/8,eth0 comment "x y"\nadd b 2001:db8::/32,physdev:br0 nomatch\n',
  'create c bitmap:port range 1-1024\nadd c 80\nadd c 100-200\ncreate d bitmap:ip,mac range 10.0.0.0/24\nadd d 10.0.0.7,02:00:00:00:00:01\n',
  'create e list:set size 8\nadd e a\nadd e c\ncreate f hash:ip,port,net family inet skbinfo forceadd\nadd f 10.0.0.1,tcp:80,10.1.0.0/16 skbmark 0x1/0x3 skbprio 1:2 skbqueue 4\n',
  'create g hash:ip,mark family inet markmask 0xff\nadd g 10.0.0.1,0x1\ncreate h hash:net,port,net family inet\nadd h 10.0.0.0/8,udp:53,10.9.0.0/16\n',
];
