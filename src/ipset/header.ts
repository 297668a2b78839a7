/** `TYPE [option …]` of `ipset create`, and the same line as `ipset save` prints it. */
import { type Family, familyOf, formatIp, type Ip, parseIp } from '../net/ip.ts';
import { readNumber } from '../xtables/values/number.ts';
import { boundsOf, masked, readAddress } from './dimensions/address.ts';
import { readPorts } from './dimensions/port.ts';
import type { SetHeader } from './record.ts';
import type { SetType } from './type.ts';
import { findSetType, typeOf } from './types.ts';
import { optionWord, type Refused, refused } from './words.ts';

const MAX_U32 = 0xffffffff;
/** IPSET_BITMAP_MAX_RANGE + 1 */
const BITMAP_MOST = 65536;
/** The longest that fits into jiffies: UINT_MAX / MSEC_PER_SEC, of a signed number. */
export const MAX_TIMEOUT = 2147483;

const FLAGS = ['counters', 'comment', 'skbinfo', 'forceadd'] as const;
type Flag = (typeof FLAGS)[number];
/** Of ipset 4; they do nothing any more. */
const IGNORED = new Set(['probes', 'resize', 'gc']);

type Draft = { -readonly [K in keyof SetHeader]: SetHeader[K] } & {
  bitmaskText?: string;
  rangeText?: string;
};

/** `words` begin with the type's name. */
export function readHeader(words: readonly string[]): SetHeader | Refused {
  const [typeName = '', ...rest] = words;
  const type = findSetType(typeName);
  if (!type) return refused(`${typeName} is no set type`);
  const draft: Draft = { type: type.name, counters: false, comment: false, skbinfo: false, forceadd: false };
  for (let at = 0; at < rest.length; at++) {
    const option = optionWord(rest[at] ?? '');
    if (FLAGS.some((flag) => flag === option)) draft[option as Flag] = true;
    else if (option === '-exist' || option === 'exist' || option === '!') continue;
    else {
      const problem = takeValue(draft, type, option, rest[++at]);
      if (problem) return problem;
    }
  }
  return settle(draft, type);
}

function takeValue(
  draft: Draft,
  type: SetType,
  option: string,
  value: string | undefined,
): Refused | undefined {
  if (value === undefined) return refused(`${option} has no value`);
  const number = (max: number, min = 0): number | undefined => {
    const read = readNumber(value, max);
    return read === undefined || read < min ? undefined : read;
  };
  const bad = refused(`${option} ${value} is out of bounds`);
  const put = (
    key: 'hashsize' | 'maxelem' | 'netmask' | 'timeout' | 'size' | 'bucketsize' | 'initval' | 'markmask',
    max: number,
    min = 0,
  ) => {
    const read = number(max, min);
    if (read === undefined) return bad;
    draft[key] = read;
    return undefined;
  };
  switch (option) {
    case 'family': {
      const family = /^(?:inet|ipv4|-4)$/.test(value) ? 4 : /^(?:inet6|ipv6|-6)$/.test(value) ? 6 : undefined;
      if (family === undefined) return refused(`family ${value}: expected inet or inet6`);
      if (type.families.length > 0 && !type.families.includes(family))
        return refused(`${type.name} has no family ${value}`);
      if (type.families.length > 0) draft.family = family;
      return undefined;
    }
    case 'hashsize':
    case 'maxelem':
    case 'initval':
      return put(option, MAX_U32);
    case 'size':
      return put(option, MAX_U32);
    case 'timeout':
      return put(option, MAX_TIMEOUT);
    case 'bucketsize':
      return put(option, 255);
    case 'netmask':
      return type.options.includes('netmask') ? put(option, 128, 1) : refused(`${type.name} has no netmask`);
    case 'markmask':
      return type.options.includes('markmask')
        ? put(option, MAX_U32, 1)
        : refused(`${type.name} has no markmask`);
    case 'bitmask':
      if (!type.options.includes('bitmask')) return refused(`${type.name} has no bitmask`);
      // ipset 7.17 prints a length behind it at times that nobody gave.
      draft.bitmaskText = value.replace(/\/\d{1,3}$/, '');
      return undefined;
    case 'range':
    case 'network':
      draft.rangeText = value;
      return undefined;
    default:
      return IGNORED.has(option) ? undefined : refused(`${option} is no option of ${type.name}`);
  }
}

function settle({ bitmaskText, rangeText, ...draft }: Draft, type: SetType): SetHeader | Refused {
  const family: Family | undefined = type.families.length === 0 ? undefined : (draft.family ?? 4);
  if (family !== undefined) draft.family = family;
  if (draft.netmask !== undefined && draft.netmask > (family === 6 ? 128 : 32)) {
    return refused(`netmask ${draft.netmask} is out of bounds`);
  }
  if (bitmaskText !== undefined) {
    const bitmask = parseIp(bitmaskText);
    if (bitmask === undefined || familyOf(bitmask) !== family || bitmask === 0 || bitmask === 0n) {
      return refused(`bitmask ${bitmaskText}: expected an address of the set's family that is not zero`);
    }
    if (draft.netmask !== undefined) return refused('netmask and bitmask exclude each other');
    draft.bitmask = bitmask;
  }
  if (type.store === 'hash') {
    draft.hashsize = hashsizeOf(draft.hashsize ?? 1024);
    draft.maxelem ??= 65536;
  }
  if (type.store === 'list') draft.size = Math.max(4, draft.size ?? 8);
  if (type.store !== 'bitmap') return draft;
  const range = rangeText === undefined ? undefined : rangeOf(rangeText, type, draft.netmask);
  if (!range)
    return refused(`${type.name} needs a range${rangeText === undefined ? '' : `; ${rangeText} is none`}`);
  if (draft.netmask !== undefined && draft.netmask <= commonBits(range)) {
    return refused(`the range has no networks of ${draft.netmask} bits within one of fewer`);
  }
  const elements = (range.last - range.first + 1) / 2 ** (32 - (draft.netmask ?? 32));
  if (elements > BITMAP_MOST) return refused(`a range of more than ${BITMAP_MOST} elements`);
  return { ...draft, range };
}

/** A power of two, at least IPSET_MIMINAL_HASHSIZE. */
function hashsizeOf(asked: number): number {
  return 2 ** Math.ceil(Math.log2(Math.max(64, asked)));
}

function rangeOf(text: string, type: SetType, netmask = 32): { first: number; last: number } | undefined {
  if (type.families.length === 0) {
    const ports = readPorts(text);
    return ports && { first: ports.port, last: ports.last ?? ports.port };
  }
  const part = readAddress(text, { family: 4 } as SetHeader);
  const bounds = part && boundsOf(part);
  if (!bounds || (part.kind === 'address' && part.length === 32)) return undefined;
  const first = masked(bounds.first, netmask) as number;
  return { first, last: (masked(bounds.last, netmask) as number) + 2 ** (32 - netmask) - 1 };
}

/** range_to_mask(): bits of the longest network that begins where the range does and holds its end. */
function commonBits({ first, last }: { readonly first: number; readonly last: number }): number {
  let bits = 31;
  while (bits > 0 && masked(last, bits) !== first) bits--;
  return bits;
}

/** In the order of the type's arguments; `TYPE` first. */
export function printHeader(header: SetHeader): string {
  return [header.type, ...headerWords(header)].join(' ');
}

/** What stands behind `Header:`. */
export function headerWords(header: SetHeader): string[] {
  const type = typeOf(header);
  const { range, family } = header;
  const masks = [...valued('netmask', header.netmask), ...valued('bitmask', header.bitmask, formatIp)];
  // Types that were given masks late print them late.
  const masksLast = type.store === 'hash' && type.dimensions.length > 1;
  const edge = (value: number): string => (type.families.length > 0 ? formatIp(value) : String(value));
  return [
    ...(range ? [`range ${edge(range.first)}-${edge(range.last)}`] : []),
    ...(type.store === 'hash' && family !== undefined ? [`family ${family === 6 ? 'inet6' : 'inet'}`] : []),
    ...valued('markmask', header.markmask, (mask) => `0x${mask.toString(16).padStart(8, '0')}`),
    ...valued('hashsize', header.hashsize),
    ...valued('maxelem', header.maxelem),
    ...(masksLast ? [] : masks),
    ...valued('size', header.size),
    ...valued('timeout', header.timeout),
    ...(['counters', 'comment', 'forceadd', 'skbinfo'] as const).filter((flag) => header[flag]),
    ...valued('bucketsize', header.bucketsize),
    ...valued('initval', header.initval, (value) => `0x${value.toString(16).padStart(8, '0')}`),
    ...(masksLast ? masks : []),
  ];
}

function valued<T extends number | Ip>(
  name: string,
  value: T | undefined,
  print: (value: T) => string = String,
): string[] {
  return value === undefined ? [] : [`${name} ${print(value)}`];
}
