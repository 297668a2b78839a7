/**
 * DNS as domain_print() writes it, made into a message again: `4660+ [1au] A? example.org. (40)`,
 * `4660* 2/0/1 CNAME www.example.org., A 192.0.2.1 (72)`; `-v` has the question in the answer, `q: A? example.org. 1/0/0 …`.
 */

import { setUint128 } from '../base/bytes.ts';
import { wordTable } from '../base/word-table.ts';
import { parseIpv4, parseIpv6 } from '../net/ip.ts';

const TYPES = wordTable<number>({
  ...{
    A: 1,
    NS: 2,
    CNAME: 5,
    SOA: 6,
    PTR: 12,
    MX: 15,
    TXT: 16,
    AAAA: 28,
    SRV: 33,
    NAPTR: 35,
    OPT: 41,
    DS: 43,
  },
  ...{ RRSIG: 46, NSEC: 47, DNSKEY: 48, SVCB: 64, HTTPS: 65, AXFR: 252, ANY: 255, CAA: 257 },
});
const RCODES = ['', 'FormErr', 'ServFail', 'NXDomain', 'NotImp', 'Refused'];
const HEAD =
  /^\s*(\d{1,5})(?: (op\d+|update\w?|inv_q|stat|notify|zoneInit|zoneRef))?(?: ?(FormErr|ServFail|NXDomain|NotImp|Refused))?([*+|$%-]{0,5})(?: |$)/;

/** The message as far as it is shown; undefined: these words are none. */
export function readDns(text: string): Uint8Array | undefined {
  const head = HEAD.exec(text);
  if (!head) return undefined;
  const [whole, id = '', operation, rcode = '', marks = ''] = head;
  let rest = text.slice(whole.length);
  const extra = Number(/\[(\d+)au\]/.exec(rest)?.[1] ?? 0);
  rest = rest.replace(/^(?:\[(?:\d+(?:au|q|n|a|u)|b2&3=0x[0-9a-f]+)\] ?)+/, '');
  const counts = /(?:^|\s)(\d{1,5})\/(\d{1,5})\/(\d{1,5})(?=[\s(]|$)/.exec(rest);
  const response = counts !== null;
  const asked = /(?:^|q: )(\w+)(?: \(QM\)| \(QU\))?\? (\S+)/.exec(rest);
  if (!response && !asked) return undefined;
  const type = asked ? typeOf(asked[1] ?? '') : undefined;
  const question =
    asked && type !== undefined ? [...nameBytes(asked[2] ?? ''), ...short(type), ...short(1)] : [];
  const shown = question.length > 0 ? 1 : 0;
  const flags =
    (response ? 0x8000 : 0) |
    (marks.includes('*') ? 0x400 : 0) |
    (marks.includes('|') ? 0x200 : 0) |
    (!response && marks.includes('+') ? 0x100 : 0) |
    // A response without `-` could have been recursed for; that its query asked for it is not printed.
    (response && !marks.includes('-') ? 0x80 : 0) |
    (opcodeOf(operation) << 11) |
    Math.max(0, RCODES.indexOf(rcode));
  const answers = counts ? answersIn(rest.slice(counts.index + counts[0].length), asked?.[2]) : [];
  return Uint8Array.from([
    ...short(Number(id)),
    ...short(flags),
    ...short(shown),
    ...short(Number(counts?.[1] ?? 0)),
    ...short(Number(counts?.[2] ?? 0)),
    ...short(counts ? Number(counts[3]) : extra),
    ...question,
    ...answers.flat(),
  ]);
}

function opcodeOf(operation: string | undefined): number {
  if (operation === 'stat') return 2;
  if (operation === 'notify') return 4;
  return operation?.startsWith('update') ? 5 : 0;
}

function typeOf(name: string): number | undefined {
  const numbered = /^Type(\d{1,5})$/.exec(name);
  return numbered ? Number(numbered[1]) : TYPES[name.toUpperCase()];
}

/** Those of the answer section, as far as their data is printed whole. */
function answersIn(text: string, asked: string | undefined): number[][] {
  const answers: number[][] = [];
  for (const part of text.replace(/\s*\(\d+\)\s*$/, '').split(/, | ns: | ar: /)) {
    const found = /^\s*(?:(\S+\.) )?(?:\[[^\]]*\] )?(A|AAAA|CNAME|PTR|NS) (\S+)$/.exec(part);
    if (!found) break;
    const [, owner, type = '', data = ''] = found;
    const bytes = dataBytes(type, data);
    if (!bytes) break;
    answers.push([
      ...nameBytes(owner ?? asked ?? '.'),
      ...short(TYPES[type] ?? 0),
      ...short(1),
      ...[0, 0, 0, 0],
      ...short(bytes.length),
      ...bytes,
    ]);
  }
  return answers;
}

function dataBytes(type: string, data: string): number[] | undefined {
  if (type === 'A') {
    const address = parseIpv4(data);
    return address === undefined ? undefined : [...short(address >>> 16), ...short(address & 0xffff)];
  }
  if (type !== 'AAAA') return nameBytes(data);
  const address = parseIpv6(data);
  if (address === undefined) return undefined;
  const bytes = new Uint8Array(16);
  setUint128(new DataView(bytes.buffer), 0, address);
  return [...bytes];
}

function nameBytes(name: string): number[] {
  const labels = name
    .replace(/\.$/, '')
    .split('.')
    .filter((label) => label !== '');
  return [...labels.flatMap((label) => labelBytes(label.slice(0, 63))), 0];
}

function labelBytes(label: string): number[] {
  const codes = [...label].map((char) => char.charCodeAt(0) & 0xff);
  return [codes.length, ...codes];
}

function short(value: number): number[] {
  return [(value >>> 8) & 0xff, value & 0xff];
}
