/** hbh_mt6(), net/ipv6/netfilter/ip6t_hbh.c: hop-by-hop and destination options, RFC 8200 section 4.2. */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { listing } from '../listing.ts';
import { u8 } from '../packet.ts';
import { number, readNumber } from '../values/number.ts';
import { extensionHeader, wholeHeader } from './exthdr.ts';

const MAX_U32 = 0xffffffff;
const MOST_OPTIONS = 16;

interface OptionTest {
  readonly type: number;
  /** Absent: any length. */
  readonly length?: number;
}

interface OptionsInfo {
  readonly length?: { readonly invert: boolean; readonly value: number };
  readonly options: readonly OptionTest[];
}

const optionList: Value<readonly OptionTest[]> = {
  words: 1,
  expected: `up to ${MOST_OPTIONS} of type[:length], separated by commas`,
  read([text = '']) {
    const list: OptionTest[] = [];
    for (const word of text.split(',')) {
      const [first = '', second, more] = word.split(':');
      const type = readNumber(first, 255);
      const length = second === undefined ? undefined : readNumber(second, 255);
      if (type === undefined || more !== undefined || (second !== undefined && length === undefined))
        return undefined;
      list.push(length === undefined ? { type } : { type, length });
    }
    return list.length <= MOST_OPTIONS ? list : undefined;
  },
};

function define(name: 'hbh' | 'dst', protocol: number) {
  const [lengthKey, optionsKey] = [`${name}-len`, `${name}-opts`];
  return defineMatch({
    name,
    support: DECIDED,
    families: [6],
    options: {
      [lengthKey]: { value: number(MAX_U32), invert: true },
      [optionsKey]: { value: optionList },
    },
    listing: () =>
      listing(new RegExp(name), [
        [/length:(?<n>!)?(?<v>\d+)/, lengthKey],
        [/opts (?<v>\S+)/, optionsKey],
      ]),
    build(args): OptionsInfo {
      const [length, options] = [args[lengthKey], args[optionsKey]];
      return {
        ...(typeof length?.value === 'number'
          ? { length: { invert: length.invert, value: length.value } }
          : {}),
        options: typeof options?.value === 'object' ? options.value : [],
      };
    },
    print: (info) => [
      ...(info.length ? [option(lengthKey, info.length.invert, info.length.value)] : []),
      ...(info.options.length > 0 ? [`--${optionsKey} ${info.options.map(printOption).join(',')}`] : []),
    ],
    match: (info, ctx) => matchOptions(info, ctx, protocol),
  });
}

export const hbh = lazily(() => define('hbh', 0));
export const dst = lazily(() => define('dst', 60));

function printOption({ type, length }: OptionTest): string {
  return length === undefined ? String(type) : `${type}:${length}`;
}

function matchOptions(info: OptionsInfo, ctx: MatchContext, protocol: number): Ternary {
  const found = extensionHeader(ctx, protocol, 2);
  if (typeof found !== 'number') return found;
  const length = (u8(ctx.skb.bytes, found + 1) + 1) * 8;
  const offset = wholeHeader(ctx, found, length);
  if (typeof offset !== 'number') return offset;
  if (info.length && (length === info.length.value) === info.length.invert) return false;
  return optionsHold(info.options, ctx.skb.bytes, offset, length);
}

/** The options of the header have to begin with those given, in that order; Pad1 is a single byte. */
function optionsHold(
  wanted: readonly OptionTest[],
  bytes: Uint8Array,
  offset: number,
  length: number,
): boolean {
  const end = offset + length;
  let at = offset + 2;
  for (const { type, length: wantedLength } of wanted) {
    if (at >= end || u8(bytes, at) !== type) return false;
    if (type === 0) {
      at++;
      continue;
    }
    const actual = u8(bytes, at + 1);
    if (at + 1 >= end || (wantedLength !== undefined && actual !== wantedLength)) return false;
    at += 2 + actual;
  }
  return true;
}
