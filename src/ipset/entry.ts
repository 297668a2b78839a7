/** `ELEMENT [option …]` of `ipset add`, and the same as `ipset save` and `ipset list` print it. */
import type { Span } from '../base/span.ts';
import { readBigNumber, readNumber } from '../xtables/values/number.ts';
import { MAX_TIMEOUT } from './header.ts';
import type { EntryOptions, Part, SetEntry, SetHeader } from './record.ts';
import { typeOf } from './types.ts';
import { optionWord, type Refused, refused } from './words.ts';

const MAX_U64 = 2n ** 64n - 1n;
const MAX_U32 = 0xffffffff;
/** IPSET_MAX_COMMENT_SIZE */
const MAX_COMMENT = 255;

type Options = { -readonly [K in keyof EntryOptions]: EntryOptions[K] };

/** `words` begin with the element. */
export function readEntry(words: readonly string[], header: SetHeader, span: Span): SetEntry | Refused {
  const [element = '', ...rest] = words;
  const parts = readElement(element, header);
  if ('refused' in parts) return parts;
  const options: Options = {};
  let place: { where: 'before' | 'after'; name: string } | undefined;
  for (let at = 0; at < rest.length; at++) {
    const option = optionWord(rest[at] ?? '');
    if (option === 'exist') continue;
    if (option === 'nomatch' || option === 'wildcard') {
      options[option] = true;
      continue;
    }
    const value = rest[++at];
    if (value === undefined) return refused(`${option} has no value`);
    if (option === 'before' || option === 'after') place = { where: option, name: value };
    else if (!takeOption(options, option, value))
      return refused(`${option} ${value} is no option of an element`);
  }
  const problem = misfit(options, header);
  if (problem) return problem;
  const placed = place && parts.map((part) => (part.kind === 'member' ? { ...part, place } : part));
  return { parts: placed ?? parts, ...options, span };
}

export function readElement(text: string, header: SetHeader): readonly Part[] | Refused {
  const type = typeOf(header);
  const texts = type.dimensions.length === 1 ? [text] : text.split(',');
  const least = type.dimensions.length - (type.optional ?? 0);
  if (texts.length < least || texts.length > type.dimensions.length) {
    return refused(
      `${text}: an element of ${type.name} has ${type.dimensions.length} parts, separated by commas`,
    );
  }
  const parts: Part[] = [];
  for (const [at, word] of texts.entries()) {
    const dimension = type.dimensions[at];
    const part = dimension?.read(word, header);
    if (!dimension || !part) return refused(`${word}: expected ${dimension?.expected(header)}`);
    parts.push(part);
  }
  return parts;
}

function takeOption(options: Options, option: string, value: string): boolean {
  switch (option) {
    case 'timeout':
      options.timeout = readNumber(value, MAX_TIMEOUT) ?? Number.NaN;
      return !Number.isNaN(options.timeout);
    case 'packets':
    case 'bytes': {
      const count = readBigNumber(value, MAX_U64);
      if (count !== undefined) options[option] = count;
      return count !== undefined;
    }
    case 'comment':
      options.comment = value;
      // ipset_parse_comment()
      return value.length <= MAX_COMMENT && !value.includes('"');
    case 'skbmark': {
      const match = /^(0x[0-9a-f]{1,8})(?:\/(0x[0-9a-f]{1,8}))?$/i.exec(value);
      if (match) options.skbmark = { mark: Number(match[1]), mask: Number(match[2] ?? MAX_U32) };
      return match !== null;
    }
    case 'skbprio': {
      const match = /^([0-9a-f]{1,4}):([0-9a-f]{1,4})$/i.exec(value);
      if (match)
        options.skbprio = Number.parseInt(match[1] ?? '', 16) * 65536 + Number.parseInt(match[2] ?? '', 16);
      return match !== null;
    }
    case 'skbqueue':
      options.skbqueue = readNumber(value, 65535) ?? Number.NaN;
      return !Number.isNaN(options.skbqueue);
    default:
      return false;
  }
}

/** ip_set_get_extensions(): options that the set was not created for. */
function misfit(options: Options, header: SetHeader): Refused | undefined {
  const type = typeOf(header);
  const lacking = (feature: string) => refused(`the set was created without ${feature}`);
  if (options.timeout !== undefined && header.timeout === undefined) return lacking('timeout');
  if ((options.packets ?? options.bytes) !== undefined && !header.counters) return lacking('counters');
  if (options.comment !== undefined && !header.comment) return lacking('comment');
  if ((options.skbmark ?? options.skbprio ?? options.skbqueue) !== undefined && !header.skbinfo)
    return lacking('skbinfo');
  if (options.nomatch && !type.nomatch) return refused(`${type.name} has no nomatch elements`);
  if (options.wildcard && type.name !== 'hash:net,iface')
    return refused(`${type.name} has no wildcard elements`);
  return undefined;
}

export function printElement(parts: readonly Part[], header: SetHeader): string {
  const { dimensions } = typeOf(header);
  return parts.map((part, at) => dimensions[at]?.print(part) ?? '').join(',');
}

export function printEntry(entry: SetEntry, header: SetHeader): string {
  return [printElement(entry.parts, header), ...entryOptions(entry, header)].join(' ');
}

/** ipset_list_adt(): a set with counters or timeouts prints them of every element. */
export function entryOptions(entry: EntryOptions, header: SetHeader): string[] {
  const { skbmark, skbprio = 0, skbqueue = 0, comment } = entry;
  return [
    ...(header.timeout === undefined ? [] : [`timeout ${entry.timeout ?? header.timeout}`]),
    ...(entry.nomatch ? ['nomatch'] : []),
    ...(entry.wildcard ? ['wildcard'] : []),
    ...(header.counters ? [`packets ${entry.packets ?? 0n}`, `bytes ${entry.bytes ?? 0n}`] : []),
    ...(comment === undefined || comment === '' ? [] : [`comment "${comment}"`]),
    ...(skbmark === undefined || (skbmark.mark === 0 && skbmark.mask === 0)
      ? []
      : [`skbmark ${printMark(skbmark)}`]),
    ...(skbprio === 0 ? [] : [`skbprio ${(skbprio >>> 16).toString(16)}:${(skbprio & 0xffff).toString(16)}`]),
    ...(skbqueue === 0 ? [] : [`skbqueue ${skbqueue}`]),
  ];
}

function printMark({ mark, mask }: { readonly mark: number; readonly mask: number }): string {
  return `0x${mark.toString(16)}${mask === MAX_U32 ? '' : `/0x${mask.toString(16)}`}`;
}
