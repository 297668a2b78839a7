/** DNS messages: RFC 1035 section 4, AAAA RFC 3596. Names are compressed by pointers that must lead backwards. */
import { getUint128 } from '../base/bytes.ts';
import { formatIp, type Ip } from '../net/ip.ts';

export const DNS_PORT = 53;
export const MDNS_PORT = 5353;

export interface DnsMessage {
  readonly id: number;
  readonly response: boolean;
  /** QUERY is 0. */
  readonly opcode: number;
  readonly truncated: boolean;
  readonly authoritative: boolean;
  readonly recursionDesired: boolean;
  readonly recursionAvailable: boolean;
  /** NOERROR 0, FORMERR 1, SERVFAIL 2, NXDOMAIN 3, NOTIMP 4, REFUSED 5. */
  readonly rcode: number;
  readonly questions: readonly DnsQuestion[];
  /** The answer section, as far as it could be read. */
  readonly answers: readonly DnsAnswer[];
  /** What the header says of its sections: question, answer, authority, additional. */
  readonly counts: readonly [number, number, number, number];
  /** The message ended, or went wrong, before its answers did. */
  readonly incomplete: boolean;
}

export interface DnsQuestion {
  /** Without the final dot, `.` for the root; bytes that are no printable ASCII as \DDD. */
  readonly name: string;
  readonly type: number;
}

export interface DnsAnswer extends DnsQuestion {
  readonly ttl: number;
  /** A and AAAA. */
  readonly address?: Ip | undefined;
  /** What CNAME, PTR and NS point to. */
  readonly target?: string | undefined;
}

const HEADER = 12;
const MOST_RECORDS = 64;
const MOST_POINTERS = 32;
const MOST_NAME = 255;
const TYPE = { a: 1, ns: 2, cname: 5, ptr: 12, aaaa: 28 } as const;

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  12: 'PTR',
  15: 'MX',
  16: 'TXT',
  28: 'AAAA',
  33: 'SRV',
  35: 'NAPTR',
  41: 'OPT',
  43: 'DS',
  48: 'DNSKEY',
  64: 'SVCB',
  65: 'HTTPS',
  252: 'AXFR',
  255: 'ANY',
  257: 'CAA',
};
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export function dnsTypeName(type: number): string {
  return TYPES[type] ?? `TYPE${type}`;
}

export function dnsRcodeName(rcode: number): string {
  return RCODES[rcode] ?? `RCODE${rcode}`;
}

/** The message in the bytes from `offset` up to `end`; undefined when that is none. Takes time linear in the bytes. */
export function parseDns(view: DataView, offset: number, end: number): DnsMessage | undefined {
  if (end - offset < HEADER) return undefined;
  const flags = view.getUint16(offset + 2);
  const counts = [4, 6, 8, 10].map((at) => view.getUint16(offset + at));
  const [questionCount = 0, answerCount = 0, authority = 0, additional = 0] = counts;
  const questions: DnsQuestion[] = [];
  const answers: DnsAnswer[] = [];
  const reader = new NameReader(view, offset, end);
  let at = offset + HEADER;
  let incomplete = false;
  for (let i = 0; i < questionCount && i < MOST_RECORDS; i++) {
    const name = reader.read(at);
    if (!name || name.end + 4 > end) {
      incomplete = true;
      break;
    }
    questions.push({ name: name.text, type: view.getUint16(name.end) });
    at = name.end + 4;
  }
  // A message without a single readable question and none that answers says nothing: other traffic on the port.
  if (questionCount > 0 && questions.length === 0) return undefined;
  for (let i = 0; i < answerCount && i < MOST_RECORDS && !incomplete; i++) {
    const answer = readAnswer(view, reader, at, end);
    if (!answer) {
      incomplete = true;
      break;
    }
    answers.push(answer.record);
    at = answer.end;
  }
  return {
    id: view.getUint16(offset),
    response: (flags & 0x8000) !== 0,
    opcode: (flags >> 11) & 15,
    truncated: (flags & 0x200) !== 0,
    authoritative: (flags & 0x400) !== 0,
    recursionDesired: (flags & 0x100) !== 0,
    recursionAvailable: (flags & 0x80) !== 0,
    rcode: flags & 15,
    questions,
    answers,
    counts: [questionCount, answerCount, authority, additional],
    incomplete,
  };
}

function readAnswer(
  view: DataView,
  reader: NameReader,
  start: number,
  end: number,
): { record: DnsAnswer; end: number } | undefined {
  const name = reader.read(start);
  if (!name || name.end + 10 > end) return undefined;
  const type = view.getUint16(name.end);
  const ttl = view.getUint32(name.end + 4);
  const length = view.getUint16(name.end + 8);
  const data = name.end + 10;
  if (data + length > end) return undefined;
  let address: Ip | undefined;
  let target: string | undefined;
  if (type === TYPE.a && length === 4) address = view.getUint32(data);
  else if (type === TYPE.aaaa && length === 16) address = getUint128(view, data);
  else if (type === TYPE.cname || type === TYPE.ptr || type === TYPE.ns) target = reader.read(data)?.text;
  return { record: { name: name.text, type, ttl, address, target }, end: data + length };
}

class NameReader {
  private readonly view: DataView;
  private readonly start: number;
  private readonly end: number;

  constructor(view: DataView, start: number, end: number) {
    this.view = view;
    this.start = start;
    this.end = end;
  }

  /** The name at `from` and where what follows it begins; undefined when it runs out of the message or in circles. */
  read(from: number): { text: string; end: number } | undefined {
    const { view } = this;
    const labels: string[] = [];
    let at = from;
    let after = -1;
    let pointers = 0;
    let length = 0;
    for (;;) {
      if (at >= this.end) return undefined;
      const size = view.getUint8(at);
      if (size === 0) {
        return { text: labels.length > 0 ? labels.join('.') : '.', end: after < 0 ? at + 1 : after };
      }
      if (size >= 0xc0) {
        if (at + 2 > this.end || ++pointers > MOST_POINTERS) return undefined;
        const target = this.start + (view.getUint16(at) & 0x3fff);
        if (after < 0) after = at + 2;
        if (target >= at) return undefined;
        at = target;
        continue;
      }
      length += size + 1;
      if (size > 63 || at + 1 + size > this.end || length > MOST_NAME) return undefined;
      labels.push(this.label(at + 1, size));
      at += 1 + size;
    }
  }

  private label(at: number, size: number): string {
    let text = '';
    for (let i = at; i < at + size; i++) {
      const byte = this.view.getUint8(i);
      if (byte === 0x2e || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
      else if (byte > 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
      else text += `\\${String(byte).padStart(3, '0')}`;
    }
    return text;
  }
}

/** Answers that a line has room for. */
const MOST_SHOWN = 8;

/** `A? example.org`, `NXDOMAIN A? example.org`, `A? example.org: 192.0.2.1, 192.0.2.2`. */
export function formatDns(message: DnsMessage): string {
  const asked = message.questions
    .slice(0, MOST_SHOWN)
    .map((question) => `${dnsTypeName(question.type)}? ${question.name}`)
    .join(', ');
  if (!message.response) return asked || `opcode ${message.opcode}`;
  const found = message.answers.slice(0, MOST_SHOWN).map((answer) => {
    if (answer.address !== undefined) return formatIp(answer.address);
    return answer.target === undefined
      ? dnsTypeName(answer.type)
      : `${dnsTypeName(answer.type)} ${answer.target}`;
  });
  if (message.answers.length > MOST_SHOWN) found.push(`and ${message.answers.length - MOST_SHOWN} more`);
  const parts = [message.rcode === 0 ? '' : dnsRcodeName(message.rcode), asked].filter((part) => part !== '');
  const head = parts.join(' ');
  const tail = found.length > 0 ? found.join(', ') : message.rcode === 0 ? 'no answer' : '';
  return [head, tail].filter((part) => part !== '').join(': ') + (message.truncated ? ' (truncated)' : '');
}
