/** A DNS message in place: names keep the lengths of their labels, addresses are replaced, what else records hold is blanked. */
import { getUint128, setUint128 } from '../../base/bytes.ts';
import type { Addresses } from './addresses.ts';
import type { Names } from './names.ts';

const TYPE = { a: 1, ns: 2, cname: 5, soa: 6, ptr: 12, mx: 15, aaaa: 28, srv: 33, dname: 39 } as const;
const MOST_RECORDS = 512;

/** `learn`: only look for names. What can't be read to its end is blanked from there. */
export function redactDns(
  view: DataView,
  start: number,
  end: number,
  { names, addresses }: { readonly names: Names; readonly addresses: Addresses },
  learn: boolean,
): undefined {
  const done = new Set<number>();
  const blank = (from: number, to: number): undefined => {
    if (!learn) for (let at = from; at < Math.min(to, end); at++) view.setUint8(at, 0);
  };
  /** Rewrites the labels that stand at `from` itself; where the name ends, or undefined when it has no end. */
  const name = (from: number): number | undefined => {
    let at = from;
    for (let labels = 0; labels < 128; labels++) {
      if (at >= end) return undefined;
      const size = view.getUint8(at);
      if (size === 0) return at + 1;
      if (size >= 0xc0) return at + 2 <= end ? at + 2 : undefined;
      if (size > 63 || at + 1 + size > end) return undefined;
      if (!done.has(at)) label(at + 1, size);
      done.add(at);
      at += 1 + size;
    }
    return undefined;
  };
  const label = (at: number, size: number): void => {
    let text = '';
    for (let i = at; i < at + size; i++) text += String.fromCharCode(view.getUint8(i));
    if (learn) {
      names.learn(text);
      return;
    }
    const standIn = names.label(text);
    for (let i = 0; i < size; i++) view.setUint8(at + i, standIn.charCodeAt(i));
  };
  const record = (from: number): number | undefined => {
    const owner = name(from);
    if (owner === undefined || owner + 10 > end) return undefined;
    const type = view.getUint16(owner);
    const length = view.getUint16(owner + 8);
    const data = owner + 10;
    const next = data + length;
    if (next > end) return undefined;
    if (type === TYPE.a && length === 4) {
      if (!learn) view.setUint32(data, addresses.of(view.getUint32(data)) as number);
    } else if (type === TYPE.aaaa && length === 16) {
      if (!learn) setUint128(view, data, addresses.of(getUint128(view, data)) as bigint);
    } else if (type === TYPE.cname || type === TYPE.ns || type === TYPE.ptr || type === TYPE.dname) {
      if (name(data) !== next) blank(data, next);
    } else if (type === TYPE.mx || type === TYPE.srv) {
      if (name(data + (type === TYPE.mx ? 2 : 6)) !== next) blank(data, next);
    } else if (type === TYPE.soa) {
      const mail = name(data);
      if (mail === undefined || name(mail) === undefined) blank(data, next);
    } else blank(data, next);
    return next;
  };
  if (end - start < 12) return blank(start, end);
  let at: number | undefined = start + 12;
  const questions = view.getUint16(start + 4);
  const records = view.getUint16(start + 6) + view.getUint16(start + 8) + view.getUint16(start + 10);
  let reached = at;
  for (let i = 0; i < Math.min(questions, MOST_RECORDS) && at !== undefined; i++) {
    const behind = name(at);
    at = behind === undefined || behind + 4 > end ? undefined : behind + 4;
    reached = at ?? reached;
  }
  for (let i = 0; i < Math.min(records, MOST_RECORDS) && at !== undefined; i++) {
    at = record(at);
    reached = at ?? reached;
  }
  // No name begins so: what could not be read can't be read afterwards either.
  if (!learn) for (let byte = reached; byte < end; byte++) view.setUint8(byte, 0xff);
}
