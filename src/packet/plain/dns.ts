/** What `formatDns` says of a DNS message, written as bytes: for messages that are whole, short, and whose names are printable. */
import { dnsRcodeName, dnsTypeName } from '../dns.ts';
import { writeIpv4, writeIpv6 } from './address.ts';
import { writeShort } from './digits.ts';
import { Literal } from './literal.ts';

const HEADER = 12;
/** Of the flags. */
const TC = 0x200;
/** Of questions and of answers: a line shows no more. */
const MOST_RECORDS = 8;
const MOST_NAME = 255;
const MOST_POINTERS = 32;
const MOST_TYPE = 257;
/** Bytes that the longest text takes. */
export const MOST_DNS = 64 + 2 * MOST_RECORDS * (MOST_NAME + 16);

const DNS = new Literal(' DNS ');
const ASKED = new Literal('? ');
const COMMA = new Literal(', ');
const ANSWERED = new Literal(': ');
const NO_ANSWER = new Literal('no answer');
const TRUNCATED = new Literal(' (truncated)');
const SPACE = 0x20;
const DOT = 0x2e;
const DELETE = 0x7f;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const TYPES = Array.from({ length: MOST_TYPE + 1 }, (_, type) => new Literal(dnsTypeName(type)));
const RCODES = Array.from({ length: 16 }, (_, rcode) => new Literal(dnsRcodeName(rcode)));
const TYPE = { a: 1, ns: 2, cname: 5, ptr: 12, aaaa: 28 } as const;

/** Walks through a message and writes its text. One object for all messages; every step gives -1 when the message isn't plain. */
class DnsWriter {
  private view: DataView = new DataView(new ArrayBuffer(0));
  private start = 0;
  private end = 0;
  /** Where in the message the next record begins. */
  private from = 0;

  message(out: DataView, at: number, view: DataView, start: number, end: number): number {
    if (end - start < HEADER) return -1;
    this.view = view;
    this.start = start;
    this.end = end;
    this.from = start + HEADER;
    const flags = view.getUint16(start + 2);
    const questions = view.getUint16(start + 4);
    const answers = view.getUint16(start + 6);
    const response = (flags & 0x8000) !== 0;
    let next = writeShort(out, DNS.write(out, at), view.getUint16(start));
    out.setUint8(next++, SPACE);
    if (!response) return questions === 0 ? -1 : this.questions(out, next, questions);
    const rcode = flags & 15;
    if (rcode !== 0) next = (RCODES[rcode] as Literal).write(out, next);
    if (questions > 0) {
      if (rcode !== 0) out.setUint8(next++, SPACE);
      next = this.questions(out, next, questions);
      if (next < 0) return -1;
    }
    if ((rcode !== 0 || questions > 0) && (rcode === 0 || answers > 0)) next = ANSWERED.write(out, next);
    if (answers > 0) next = this.answers(out, next, answers);
    else if (rcode === 0) next = NO_ANSWER.write(out, next);
    return next >= 0 && (flags & TC) !== 0 ? TRUNCATED.write(out, next) : next;
  }

  private questions(out: DataView, at: number, count: number): number {
    if (count > MOST_RECORDS) return -1;
    let next = at;
    for (let question = 0; question < count; question++) {
      const after = this.behindName(this.from);
      if (after < 0 || after + 4 > this.end) return -1;
      const type = this.view.getUint16(after);
      if (type > MOST_TYPE) return -1;
      if (question > 0) next = COMMA.write(out, next);
      next = ASKED.write(out, (TYPES[type] as Literal).write(out, next));
      next = this.name(out, next, this.from);
      if (next < 0) return -1;
      this.from = after + 4;
    }
    return next;
  }

  private answers(out: DataView, at: number, count: number): number {
    if (count > MOST_RECORDS) return -1;
    let next = at;
    for (let answer = 0; answer < count; answer++) {
      if (answer > 0) next = COMMA.write(out, next);
      next = this.answer(out, next);
      if (next < 0) return -1;
    }
    return next;
  }

  private answer(out: DataView, at: number): number {
    const { view, end } = this;
    const after = this.behindName(this.from);
    // The owner isn't shown, but one that can't be read ends the message: what is written here, the rest is written over.
    if (after < 0 || after + 10 > end || this.name(out, at, this.from) < 0) return -1;
    const type = view.getUint16(after);
    const length = view.getUint16(after + 8);
    const data = after + 10;
    if (type > MOST_TYPE || data + length > end) return -1;
    this.from = data + length;
    if (type === TYPE.a && length === 4) return writeIpv4(out, at, view, data);
    if (type === TYPE.aaaa && length === 16) return writeIpv6(out, at, view, data);
    const next = (TYPES[type] as Literal).write(out, at);
    if (type !== TYPE.cname && type !== TYPE.ptr && type !== TYPE.ns) return next;
    out.setUint8(next, SPACE);
    return this.name(out, next + 1, data);
  }

  /** Where what follows the name at `from` begins. */
  private behindName(from: number): number {
    const { view, end } = this;
    let at = from;
    while (at < end) {
      const size = view.getUint8(at);
      if (size === 0) return at + 1;
      if (size >= 0xc0) return at + 2;
      at += size + 1;
    }
    return -1;
  }

  /** The name at `from`, its pointers followed: what `parseDns` reads, and nothing that it would escape. */
  private name(out: DataView, at: number, from: number): number {
    const { view, start, end } = this;
    let next = at;
    let pointers = 0;
    let length = 0;
    let reading = from;
    while (reading < end) {
      const size = view.getUint8(reading);
      if (size === 0) {
        if (next === at) out.setUint8(next++, DOT);
        return next > at + 1 ? next - 1 : next;
      }
      if (size >= 0xc0) {
        if (reading + 2 > end || ++pointers > MOST_POINTERS) return -1;
        const target = start + (view.getUint16(reading) & 0x3fff);
        if (target >= reading) return -1;
        reading = target;
        continue;
      }
      length += size + 1;
      if (size > 63 || reading + 1 + size > end || length > MOST_NAME) return -1;
      for (let byte = reading + 1; byte <= reading + size; byte++) {
        const character = view.getUint8(byte);
        if (!isPlain(character)) return -1;
        out.setUint8(next++, character);
      }
      out.setUint8(next++, DOT);
      reading += size + 1;
    }
    return -1;
  }
}

/** A visible character that is written as it is, also in JSON. */
function isPlain(character: number): boolean {
  return (
    character > SPACE &&
    character < DELETE &&
    character !== DOT &&
    character !== QUOTE &&
    character !== BACKSLASH
  );
}

const WRITER = new DnsWriter();

/** ` DNS 7 A? example.org: 192.0.2.1` of the message in the bytes from `start` up to `end`; -1 when it isn't plain. */
export function writeDns(out: DataView, at: number, view: DataView, start: number, end: number): number {
  return WRITER.message(out, at, view, start, end);
}
