/** sctp_mt(), net/netfilter/xt_sctp.c */

import { lazily } from '../../base/memo.ts';
import type { Ternary } from '../../base/ternary.ts';
import { wordTable } from '../../base/word-table.ts';
import type { MatchContext } from '../context.ts';
import { DECIDED, defineMatch, option, type Value } from '../extension.ts';
import { LISTED_PORTS, listing } from '../listing.ts';
import { cut, hotdrop, u8, u16, upperOrDrop } from '../packet.ts';
import { formatRange } from '../values/number.ts';
import { portRange } from '../values/port.ts';
import { type PortTest, portHolds } from '../values/ports.ts';

/** RFC 9260 section 3.2 and the registry of chunk types. */
const CHUNKS = wordTable<number>({
  DATA: 0,
  INIT: 1,
  INIT_ACK: 2,
  SACK: 3,
  HEARTBEAT: 4,
  HEARTBEAT_ACK: 5,
  ABORT: 6,
  SHUTDOWN: 7,
  SHUTDOWN_ACK: 8,
  ERROR: 9,
  COOKIE_ECHO: 10,
  COOKIE_ACK: 11,
  ECN_ECNE: 12,
  ECN_CWR: 13,
  SHUTDOWN_COMPLETE: 14,
  I_DATA: 64,
  ASCONF_ACK: 128,
  RE_CONFIG: 130,
  PAD: 132,
  ASCONF: 193,
  FORWARD_TSN: 192,
  I_FORWARD_TSN: 194,
});
/** Letters of the flag bits, the highest bit first; upper case wants the bit set, lower case clear. */
const FLAG_LETTERS = wordTable<string>({
  DATA: '----IUBE',
  I_DATA: '----IUBE',
  ABORT: '-------T',
  SHUTDOWN_COMPLETE: '-------T',
});
const COMMON_HEADER = 12;
const NAMES = Object.keys(CHUNKS).sort((a, b) => (CHUNKS[a] ?? 0) - (CHUNKS[b] ?? 0));

interface Chunk {
  readonly name: string;
  readonly flags?: { readonly mask: number; readonly value: number };
}

interface ChunkTest {
  readonly how: 'any' | 'all' | 'only';
  /** ALL is every type; an empty list none. */
  readonly chunks: readonly Chunk[] | 'ALL';
}

interface SctpInfo {
  readonly source?: PortTest;
  readonly destination?: PortTest;
  readonly chunks?: ChunkTest & { readonly invert: boolean };
}

function readFlags(name: string, text: string): Chunk['flags'] | undefined {
  const letters = FLAG_LETTERS[name];
  let [mask, value] = [0, 0];
  for (const char of text) {
    const at = letters?.indexOf(char.toUpperCase()) ?? -1;
    if (at < 0 || char === '-') return undefined;
    mask |= 0x80 >> at;
    if (char === char.toUpperCase()) value |= 0x80 >> at;
  }
  return { mask, value };
}

function readChunk(text: string): Chunk | undefined {
  const [word = '', flags] = text.split(':');
  const name = NAMES.find((each) => each === word.toUpperCase());
  if (name === undefined) return undefined;
  if (flags === undefined) return { name };
  const read = readFlags(name, flags);
  return read ? { name, flags: read } : undefined;
}

const chunkTypes: Value<ChunkTest> = {
  words: 2,
  expected: `any, all or only, and a comma list of ${NAMES.join(', ')}, ALL or NONE`,
  read([how = '', text = '']) {
    if (how !== 'any' && how !== 'all' && how !== 'only') return undefined;
    if (text.toUpperCase() === 'ALL') return { how, chunks: 'ALL' };
    if (text.toUpperCase() === 'NONE') return { how, chunks: [] };
    const given = text.split(',').map(readChunk);
    const chunks = NAMES.flatMap((name) => given.filter((each) => each?.name === name).slice(0, 1));
    return given.includes(undefined)
      ? undefined
      : { how, chunks: chunks.filter((each) => each !== undefined) };
  },
};

/** With -n a chunk's type is a number, its flags the same. */
function listedChunk(text: string): string {
  const [word = '', flags] = text.split(':');
  const name = word.startsWith('0x') ? NAMES.find((each) => CHUNKS[each] === Number(word)) : word;
  return [name ?? word, ...(flags === undefined ? [] : [flags])].join(':');
}

export const sctp = lazily(() =>
  defineMatch({
    name: 'sctp',
    support: DECIDED,
    protocols: [132],
    options: {
      sport: { value: portRange, invert: true, aliases: ['source-port'] },
      dport: { value: portRange, invert: true, aliases: ['destination-port'] },
      'chunk-types': { value: chunkTypes, invert: true },
    },
    listing: () =>
      listing(/sctp/, [
        ...LISTED_PORTS,
        [
          /(?<n>! ?)?(?<how>any|all|only) (?<v>\S+)/,
          ({ n, how = '', v = '' }) => [
            {
              name: 'chunk-types',
              invert: n !== undefined,
              words: [how, v.split(',').map(listedChunk).join(',')],
            },
          ],
        ],
      ]),
    build({ sport, dport, 'chunk-types': types }): SctpInfo {
      return {
        ...(sport ? { source: { invert: sport.invert, ...sport.value } } : {}),
        ...(dport ? { destination: { invert: dport.invert, ...dport.value } } : {}),
        ...(types ? { chunks: { invert: types.invert, ...types.value } } : {}),
      };
    },
    print: ({ source, destination, chunks }) => [
      ...(source ? [option('sport', source.invert, formatRange(source))] : []),
      ...(destination ? [option('dport', destination.invert, formatRange(destination))] : []),
      ...(chunks ? [option('chunk-types', chunks.invert, chunks.how, printChunks(chunks.chunks))] : []),
    ],
    match: matchSctp,
  }),
);

function printChunks(chunks: ChunkTest['chunks']): string {
  if (chunks === 'ALL') return 'ALL';
  return chunks.length === 0 ? 'NONE' : chunks.map(printChunk).join(',');
}

function printChunk({ name, flags }: Chunk): string {
  if (!flags) return name;
  let letters = '';
  for (let bit = 0; bit < 8; bit++) {
    if ((flags.mask & (0x80 >> bit)) === 0) continue;
    const letter = FLAG_LETTERS[name]?.charAt(bit) ?? '';
    letters += flags.value & (0x80 >> bit) ? letter : letter.toLowerCase();
  }
  return `${name}:${letters}`;
}

function matchSctp(info: SctpInfo, ctx: MatchContext): Ternary {
  const at = upperOrDrop(ctx, COMMON_HEADER);
  if (typeof at !== 'number') return at;
  const { bytes } = ctx.skb;
  if (!portHolds(info.source, u16(bytes, at)) || !portHolds(info.destination, u16(bytes, at + 2)))
    return false;
  if (!info.chunks) return true;
  const found = chunksHold(info.chunks, ctx, at + COMMON_HEADER);
  return typeof found === 'boolean' ? found !== info.chunks.invert : found;
}

/** match_packet(): a packet with a chunk of length 0, a piece of a chunk, or none at all is dropped. */
function chunksHold({ how, chunks }: ChunkTest, ctx: MatchContext, start: number): Ternary {
  const { bytes, length } = ctx.skb;
  const left = new Set(
    chunks === 'ALL' ? Array.from({ length: 256 }, (_, i) => i) : chunks.map((each) => CHUNKS[each.name]),
  );
  let at = start;
  do {
    if (at + 4 > length) return hotdrop(ctx);
    if (at + 4 > bytes.length) return cut(ctx.skb);
    const type = u8(bytes, at);
    const flags = u8(bytes, at + 1);
    const size = u16(bytes, at + 2);
    if (size === 0) return hotdrop(ctx);
    const held =
      chunks === 'ALL' || chunks.some((each) => CHUNKS[each.name] === type && flagsHold(each, flags));
    if (held && how === 'any') return true;
    if (!held && how === 'only') return false;
    if (held) left.delete(type);
    at += (size + 3) & ~3;
  } while (at < length);
  return how === 'only' || (how === 'all' && left.size === 0);
}

function flagsHold({ flags }: Chunk, actual: number): boolean {
  return flags === undefined || (actual & flags.mask) === flags.value;
}
