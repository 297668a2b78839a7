/** The catalogue of causes as plain data: what `nettrace explain`, README and docs/causes.md are made from. */
import type { Cause } from '../diagnose/cause.ts';
import { CAUSES } from '../diagnose/causes.ts';
import type { CataloguePage } from './cause-page.ts';

/** What the first word of an id stands for, in the order a packet meets it. */
const GROUPS: readonly (readonly [title: string, prefixes: readonly string[]])[] = [
  [
    'Links, addresses and neighbours',
    ['link', 'addr', 'iface', 'dup', 'arp', 'proxy', 'neigh', 'src', 'mgr'],
  ],
  ['Bridges, macvlan and tunnels', ['bridge', 'macvlan', 'vxlan']],
  ['Forwarding and routing', ['fwd', 'route', 'rpf', 'martian', 'ttl']],
  ['Packet filters', ['flt', 'cmd', 'trace']],
  ['Address translation', ['nat', 'docker']],
  ['Connection tracking', ['ct']],
  ['Packet sizes', ['mtu']],
  ['Sockets', ['sock']],
  ['Names', ['dns']],
  ['IPv6', ['v6']],
  ['Beyond the host', ['ext', 'lost']],
];

/** All pages by group, within one by id. */
export function catalogue(): readonly CataloguePage[] {
  const byId = CAUSES.map(pageOf).toSorted((left, right) => left.id.localeCompare(right.id, 'en'));
  return GROUPS.flatMap(([title]) => byId.filter(({ group }) => group === title));
}

function pageOf(cause: Cause): CataloguePage {
  const [prefix = ''] = cause.id.split('-');
  const group = GROUPS.find(([, prefixes]) => prefixes.includes(prefix))?.[0];
  if (group === undefined) throw new Error(`${cause.id} belongs to no group of the catalogue`);
  const { id, title, severity } = cause;
  const { symptom, mechanism, check, proof, refutation, settledBy, repair, references } = cause.page();
  return {
    ...{ group, id, title, severity, symptom, mechanism, check },
    ...{ proof, refutation, settledBy, repair, references },
  };
}

/** A table for README: every cause, by group. */
export function catalogueTable(): string {
  const rows: string[] = [];
  let group = '';
  for (const page of catalogue()) {
    if (page.group !== group) rows.push(`| **${page.group}** | |`);
    group = page.group;
    rows.push(`| \`${page.id}\` | ${page.title} |`);
  }
  return ['| cause | |', '| --- | --- |', ...rows].join('\n');
}
