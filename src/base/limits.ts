/** What an input may cost: every limit by its name. What goes beyond one is passed over, and said with the limit's name. */
import type { Issue } from './issue.ts';
import { nearest } from './nearest.ts';
import { printable } from './printable.ts';

export type LimitUnit = 'bytes' | 'characters' | 'times' | 'levels' | 'count';

export interface LimitDefinition {
  readonly most: number;
  readonly unit: LimitUnit;
  /** What is counted. */
  readonly of: string;
  /** What becomes of more. */
  readonly beyond: string;
  /** Why real inputs don't come near. */
  readonly why: string;
  /** What `none` stands for where the reader could not go on for ever. */
  readonly utmost?: number;
}

const KIB = 2 ** 10;
const MIB = 2 ** 20;
const GIB = 2 ** 30;

/** In the order in which an input meets them. */
export const LIMITS = {
  directoryFiles: {
    ...{ most: 20_000, unit: 'count', of: 'files of a directory', beyond: 'the others are not read' },
    why: 'a bundle has some thirty files a namespace',
  },
  directoryDepth: {
    ...{ most: 12, unit: 'levels', of: 'folders inside each other', beyond: 'what is deeper is not read' },
    why: 'a bundle has four',
  },
  archiveEntries: {
    ...{ most: 20_000, unit: 'count', of: 'entries of a tar archive', beyond: 'the others are not read' },
    why: 'as for a directory',
  },
  archiveBytes: {
    ...{ most: GIB, unit: 'bytes', of: 'the files of a tar archive together, unpacked' },
    ...{
      beyond: 'the others are not read',
      why: 'they are held in memory; larger captures are named by themselves',
    },
  },
  unpackRatio: {
    ...{ most: 1000, unit: 'times', of: 'what gzip or zstd unpack to, by their packed bytes, beyond 64 MiB' },
    ...{ beyond: 'what was unpacked before is used', why: 'dumps have 10 to 50 times, captures 2 to 60' },
  },
  dumpBytes: {
    ...{
      most: 256 * MIB,
      unit: 'bytes',
      of: 'a text: a dump, a session, a script',
      beyond: 'it is not read',
    },
    why: 'a million rules or connections have 150 MiB',
  },
  lineLength: {
    ...{
      most: MIB,
      unit: 'characters',
      of: 'a line of a text that is not JSON',
      beyond: 'the line is passed over',
    },
    why: 'commands print lines of some hundred; iptables reads 10,240',
  },
  sessionBytes: {
    ...{
      most: 16 * MIB,
      unit: 'bytes',
      of: 'a pasted session or a script',
      beyond: 'what is behind is not read',
    },
    why: 'people paste what they can look through',
  },
  sessionDumps: {
    ...{
      most: 2000,
      unit: 'count',
      of: 'outputs in a pasted session; one behind line 5,000 counts twice, and so on',
    },
    ...{ beyond: 'the others are passed over', why: 'as above' },
  },
  jsonDepth: {
    ...{ most: 200, unit: 'levels', of: 'lists and objects of JSON inside each other' },
    ...{ beyond: 'the records before it are used', why: '`docker inspect` has eight', utmost: 1000 },
  },
  rules: {
    ...{ most: MIB, unit: 'count', of: 'rules of one dump' },
    ...{ beyond: 'the others are unknown: so is what becomes of packets that get there' },
    why: 'iptables takes minutes to load a tenth of it',
  },
  listedRules: {
    ...{ most: 10_000, unit: 'count', of: 'rules that one line stands for by lists behind -s and -d' },
    ...{ beyond: 'its addresses are unknown', why: 'iptables adds them one by one' },
  },
  sets: {
    ...{ most: 65_534, unit: 'count', of: 'ipsets of one dump', beyond: 'the others are unknown' },
    why: 'the kernel numbers them with 16 bits',
  },
  setElements: {
    ...{ most: 16 * MIB, unit: 'count', of: 'elements of the ipsets of one dump' },
    ...{ beyond: 'of the sets that have them no element is known', why: 'a set has 65,536 unless told' },
  },
  links: {
    ...{ most: 100_000, unit: 'count', of: 'interfaces of one dump', beyond: 'the others are not there' },
    why: 'a host with 10,000 containers has 10,000',
  },
  connections: {
    ...{
      most: 4 * MIB,
      unit: 'count',
      of: 'entries of one conntrack dump',
      beyond: 'the others are not there',
    },
    why: 'the kernel has 262,144 unless told',
  },
  pcapngBlock: {
    ...{ most: 16 * MIB, unit: 'bytes', of: 'a block of a pcapng file', beyond: 'the block is passed over' },
    why: 'a packet has 256 KiB, options 64 KiB each',
  },
  pcapngInterfaces: {
    ...{ most: 65_536, unit: 'count', of: 'interfaces of a section of a pcapng file' },
    ...{
      beyond: 'packets of the others have no link type',
      why: 'old packet blocks number them with 16 bits',
    },
  },
  pcapngComments: {
    ...{
      most: 100,
      unit: 'count',
      of: 'comments of a pcapng file as a whole',
      beyond: 'the others are passed over',
    },
    why: 'a section has one',
  },
  pcapngText: {
    ...{
      most: 4 * KIB,
      unit: 'bytes',
      of: 'a name, a filter or a comment of a pcapng file',
      beyond: 'it is cut',
    },
    why: 'names of interfaces have 15, filters some hundred',
  },
  pcapngOptions: {
    ...{
      most: 16 * MIB,
      unit: 'bytes',
      of: 'options of interfaces that `annotate` hands on',
      beyond: 'they are left out',
    },
    why: 'an interface has some hundred',
  },
  flowPairs: {
    ...{
      most: 64,
      unit: 'count',
      of: 'pairs of ends between which one packet, and with it one flow, was seen',
    },
    ...{ beyond: 'each pair is a flow of its own', why: 'each NAT on the way makes one more' },
  },
  chainJumps: {
    ...{
      most: 4096,
      unit: 'count',
      of: 'jumps of one packet in one table',
      beyond: 'what becomes of it there is unknown',
    },
    why: 'kube-proxy and Docker have fewer than ten',
  },
  fragments: {
    ...{
      most: 16_384,
      unit: 'count',
      of: 'fragments that wait for the rest of their packet in one namespace',
    },
    ...{ beyond: 'those that wait longest are given up', why: 'the kernel has 4 MiB for them, unless told' },
  },
} as const satisfies Readonly<Record<string, LimitDefinition>>;

export type LimitName = keyof typeof LIMITS;

/** Each by its name; Infinity is none. `nettrace explain limits` says what each is of. */
export type InputLimits = { readonly [name in LimitName]: number };

export const LIMIT_NAMES = Object.keys(LIMITS) as readonly LimitName[];

export const DEFAULT_LIMITS = Object.fromEntries(
  Object.entries(LIMITS).map(([name, { most }]) => [name, most]),
) as InputLimits;

/** `dump-bytes` of dumpBytes, as `--limit` has it. */
export function limitWord(name: LimitName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** `16 MiB`, `20,000`, `1,000 times`, `none`. */
export function formatLimit(name: LimitName, value: number): string {
  const { unit }: LimitDefinition = LIMITS[name];
  if (value === Number.POSITIVE_INFINITY) return 'none';
  if (unit === 'bytes') return formatBytes(value);
  return unit === 'count' ? value.toLocaleString('en') : `${value.toLocaleString('en')} ${unit}`;
}

/** What is said where one bites: `found`, what was there; `skipped`, what is not used of it. */
export function limitIssue(
  name: LimitName,
  limits: Partial<InputLimits>,
  found: string,
  skipped: string,
  place: Pick<Issue, 'path' | 'line' | 'packet'> & { readonly severity?: Issue['severity'] } = {},
): Issue {
  const { severity = 'warning', ...at } = place;
  const code = `${LIMIT_CODE}${limitWord(name)}`;
  return { severity, code, text: limitText(name, limits, found, skipped), ...at };
}

/** The same where no issue is made of it. */
export function limitText(
  name: LimitName,
  limits: Partial<InputLimits>,
  found: string,
  skipped: string,
): string {
  const limit = formatLimit(name, limits[name] ?? LIMITS[name].most);
  return `${found}, and the limit is ${limit}: ${skipped} (--limit ${limitWord(name)}=… sets another)`;
}

/** How the codes of all of them begin. */
export const LIMIT_CODE = 'limit-';

const SIZES: Readonly<Record<string, number>> = { '': 1, k: KIB, m: MIB, g: GIB, t: GIB * KIB };

/** `dump-bytes=1G`, `rules=5000`, `rules=none`; a text: what is wrong with it. */
export function parseLimit(text: string): Partial<InputLimits> | string {
  const [, word = '', value = ''] = /^([^=]*)=(.*)$/s.exec(text) ?? [];
  const name = LIMIT_NAMES.find((each) => each === word || limitWord(each) === word);
  if (name === undefined) {
    const near = nearest(word || text, LIMIT_NAMES.map(limitWord));
    const advice = near === undefined ? 'nettrace explain limits lists them' : `did you mean ${near}?`;
    return word === '' && value === ''
      ? `${printable(text)}: NAME=VALUE is expected, such as dump-bytes=1G; nettrace explain limits lists the names`
      : `no limit is called ${printable(word)}; ${advice}`;
  }
  const { unit, utmost }: LimitDefinition = LIMITS[name];
  const number = readValue(value, unit === 'bytes');
  if (number !== undefined) return { [name]: Math.min(number, utmost ?? number) };
  const expected = unit === 'bytes' ? 'a size such as 512M or 4G' : 'a whole number above 0';
  return `${word}=${printable(value)}: ${expected} is expected, or none`;
}

function readValue(text: string, isSize: boolean): number | undefined {
  if (text === 'none') return Number.POSITIVE_INFINITY;
  const [, digits, unit = ''] = (isSize ? /^(\d{1,12})([kmgt]?)(?:i?b)?$/i : /^(\d{1,15})$/).exec(text) ?? [];
  const value = Number(digits) * (SIZES[unit.toLowerCase()] ?? 1);
  return value > 0 ? value : undefined;
}

/** `1.5 GiB`, `300 KiB`, `17 bytes`. */
export function formatBytes(bytes: number): string {
  const units = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : Number(value.toFixed(1))} ${units[unit]}`;
}
