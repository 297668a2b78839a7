/** string_mt(), net/netfilter/xt_string.c, over the packet from its IP header on (skb_find_text()). */
import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, refuse, type Value } from '../extension.ts';
import { listedOption, listing, QUOTED, unquoted } from '../listing.ts';
import { cut } from '../packet.ts';
import { flag, number } from '../values/number.ts';
import { oneOf } from '../values/text.ts';

const MAX_PATTERN = 128;
const MAX_OFFSET = 65535;

interface StringInfo {
  readonly invert: boolean;
  /** As bytes, one character each (Latin-1), so that two infos compare by value. */
  readonly pattern: string;
  readonly algorithm: 'bm' | 'kmp';
  readonly from: number;
  readonly to: number;
  readonly ignoreCase: boolean;
}

const latin1 = (text: string): string =>
  Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');

const plain: Value<string> = {
  words: 1,
  expected: `1 to ${MAX_PATTERN} bytes of text`,
  read([text = '']) {
    const pattern = latin1(text);
    return pattern.length > 0 && pattern.length <= MAX_PATTERN ? pattern : undefined;
  },
};

const hexadecimal: Value<string> = {
  words: 1,
  expected: `1 to ${MAX_PATTERN} bytes of text with hexadecimal bytes between bars, such as "|0d 0a|GET"`,
  read: ([text = '']) => readHexString(text),
};

/** Bars switch between text and pairs of hexadecimal digits (spaces between pairs); a backslash keeps the next character. */
function readHexString(text: string): string | undefined {
  let pattern = '';
  let hex = false;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === '\\' && !hex && i + 1 < text.length) pattern += latin1(text.charAt(++i));
    else if (char === '|') hex = !hex;
    else if (!hex) pattern += latin1(char);
    else if (char !== ' ') {
      const pair = text.slice(i, i + 2);
      if (!/^[0-9a-fA-F]{2}$/.test(pair)) return undefined;
      pattern += String.fromCharCode(Number.parseInt(pair, 16));
      i++;
    }
  }
  return !hex && pattern.length > 0 && pattern.length <= MAX_PATTERN ? pattern : undefined;
}

export const string = lazily(() =>
  defineMatch({
    name: 'string',
    support: DECIDED,
    options: {
      string: { value: plain, invert: true, excludes: ['hex-string'] },
      'hex-string': { value: hexadecimal, invert: true, excludes: ['string'] },
      algo: { value: oneOf({ bm: 'bm', kmp: 'kmp' } as const), required: true },
      from: { value: number(MAX_OFFSET) },
      to: { value: number(MAX_OFFSET) },
      icase: { value: flag },
    },
    oneOf: [['string', 'hex-string']],
    listing: () =>
      listing(
        [
          new RegExp(`STRING match (?<n>! ?)?${QUOTED} ALGO name (?<algo>\\S+)`),
          ({ n, v = '', algo }) => [
            listedOption(
              /^\|(?:[0-9a-f]{2})+\|$/.test(v) ? 'hex-string' : 'string',
              unquoted(v),
              n !== undefined,
            ),
            listedOption('algo', algo),
          ],
        ],
        [
          [/FROM (?<v>\d+)/, 'from'],
          [/TO (?<v>\d+)/, 'to'],
          [/ICASE/, 'icase'],
        ],
      ),
    build(args) {
      const arg = args.string ?? args['hex-string'];
      if (!arg) return refuse('a pattern is missing');
      const from = args.from?.value ?? 0;
      const to = args.to?.value ?? MAX_OFFSET;
      if (from > to) return refuse(`--from ${from} lies behind --to ${to}`);
      const info: StringInfo = {
        invert: arg.invert,
        pattern: arg.value,
        algorithm: args.algo.value,
        from,
        to,
        ignoreCase: args.icase !== undefined,
      };
      return info;
    },
    print: (info: StringInfo) => [
      needsHex(info.pattern)
        ? option('hex-string', info.invert, `"|${hexOf(info.pattern)}|"`)
        : option('string', info.invert, `"${info.pattern.replace(/["\\]/g, '\\$&')}"`),
      `--algo ${info.algorithm}`,
      ...(info.from === 0 ? [] : [`--from ${info.from}`]),
      ...(info.to === MAX_OFFSET ? [] : [`--to ${info.to}`]),
      ...(info.ignoreCase ? ['--icase'] : []),
    ],
    match: matchString,
  }),
);

function needsHex(pattern: string): boolean {
  return /[^\x20-\x7e]/.test(pattern) || pattern.endsWith('\\');
}

function hexOf(pattern: string): string {
  return Array.from(pattern, (char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('');
}

/** The whole pattern has to lie between `from` and `to`. */
function matchString(info: StringInfo, ctx: MatchContext): Ternary {
  const { bytes, length } = ctx.skb;
  const end = Math.min(info.to, length);
  if (contains(bytes.subarray(0, Math.min(end, bytes.length)), info)) return !info.invert;
  return bytes.length < end ? cut(ctx.skb) : info.invert;
}

function contains(bytes: Uint8Array, { pattern, from, ignoreCase }: StringInfo): boolean {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!ignoreCase) return text.indexOf(Buffer.from(pattern, 'latin1'), from) >= 0;
  return upper(text.toString('latin1')).indexOf(upper(pattern), from) >= 0;
}

function upper(text: string): string {
  return text.replace(/[a-z]/g, (char) => char.toUpperCase());
}
