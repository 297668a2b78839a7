/** `set NAME { … }`, `map NAME { … }` */
import type { Style } from '../constant.ts';
import type { Datatype } from '../datatype.ts';
import type { KeyPart, NftSet, SetElement, SetFlag } from '../set.ts';
import { printDuration } from '../time.ts';
import { printElement } from './element.ts';
import type { PrintContext } from './rule.ts';
import { printStateful } from './stateful.ts';

const FLAGS: readonly SetFlag[] = ['constant', 'dynamic', 'interval', 'timeout'];

export function printSet(set: NftSet, ctx: PrintContext): string {
  const lines = [
    printType(set),
    ...(set.policy === undefined ? [] : [`policy ${set.policy}`]),
    ...(set.size === undefined ? [] : [`size ${set.size}`]),
    ...(set.flags.length === 0
      ? []
      : [`flags ${FLAGS.filter((flag) => set.flags.includes(flag)).join(',')}`]),
    ...set.statements.map((statement) => printStateful(statement, { ...ctx, stateful: false })),
    ...(set.autoMerge ? ['auto-merge'] : []),
    ...(set.timeout === undefined ? [] : [`timeout ${printDuration(set.timeout)}`]),
    ...(set.gcInterval === undefined ? [] : [`gc-interval ${printDuration(set.gcInterval)}`]),
    ...(set.comment === undefined ? [] : [`comment "${set.comment}"`]),
    ...(set.elements.length === 0 ? [] : [`elements = { ${printList(set, ctx)} }`]),
  ];
  return `\t${set.data ? 'map' : 'set'} ${set.name} {\n${lines.map((line) => `\t\t${line}\n`).join('')}\t}\n`;
}

function printType({ key, data, typeof: written }: NftSet): string {
  if (written) return `typeof ${written.key}${written.data === undefined ? '' : ` : ${written.data}`}`;
  const names = (parts: readonly KeyPart[]) => parts.map(({ type }) => type).join(' . ');
  const to =
    data === undefined
      ? ''
      : ` : ${data.kind === 'value' ? names(data.type) : data.kind === 'object' ? data.object : 'verdict'}`;
  return `type ${names(key)}${to}`;
}

/** Elements on a line by their type: calculate_delim(), src/expression.c; all others stand one on each. */
const ON_A_LINE: Partial<Readonly<Record<Datatype, number>>> = {
  integer: 5,
  inet_service: 5,
  inet_proto: 5,
  mark: 5,
  uid: 5,
  gid: 5,
  arp_op: 5,
  tcp_flag: 5,
  nf_proto: 5,
  ipv4_addr: 2,
  ct_state: 2,
  ct_status: 2,
  ct_dir: 2,
  pkt_type: 2,
};

function printList(set: NftSet, ctx: PrintContext): string {
  const width = set.key.length === 1 ? (ON_A_LINE[set.key[0]?.type ?? 'string'] ?? 1) : 1;
  const styles = stylesOf(set);
  const text = (element: SetElement) => printElement(element, ctx, styles);
  return set.elements
    .map((element, i) => `${i === 0 ? '' : i % width === 0 ? ',\n\t\t\t     ' : ', '}${text(element)}`)
    .join('');
}

/** Keys that were named by offset and length are hexadecimal. */
function stylesOf({ key, typeof: written }: NftSet): readonly Style[] {
  const names = written?.key.split(' . ') ?? [];
  return key.map((_, i) => (names[i]?.startsWith('@') ? 'hex' : 'plain'));
}
