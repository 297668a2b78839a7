/** What a rule asks of packets, made of the words that name it: shared by the readers of text and JSON. */
import type { Datatype } from './datatype.ts';
import type { Expression, ExtensionHeader, Option, Payload, PayloadBase } from './expression.ts';
import { EXTENSION_HEADERS, IP_OPTIONS, TCP_OPTIONS } from './extension-header.ts';
import { HEADERS } from './header.ts';
import { CT_KEYS, type CtKey, META_KEYS, type MetaKey } from './keys.ts';
import type { NftFamily } from './ruleset.ts';
import { SCTP_CHUNKS } from './sctp-chunk.ts';

export function payloadOf(protocol: string, name: string): Payload | undefined {
  if (!Object.hasOwn(HEADERS(), protocol)) return undefined;
  const header = HEADERS()[protocol];
  if (!header || !Object.hasOwn(header.fields, name)) return undefined;
  const field = header.fields[name];
  return field && { kind: 'payload', header: { protocol, field: name }, base: header.base, ...field };
}

const BASES: readonly PayloadBase[] = ['ll', 'nh', 'th', 'ih'];

/** `@th,16,16`; the two ports are known by name. */
export function rawPayload(base: string, offset: number, bits: number): Payload | undefined {
  const known = BASES.find((each) => each === base);
  if (!known || !(bits > 0 && bits <= 2048) || !(offset >= 0)) return undefined;
  if (known === 'th' && bits === 16 && (offset === 0 || offset === 16)) {
    return payloadOf('th', offset === 0 ? 'sport' : 'dport');
  }
  return { kind: 'payload', base: known, offset, bits, type: 'integer' };
}

export function metaOf(key: string): Expression | undefined {
  if (key === 'secpath') return { kind: 'meta', key: 'ipsec' };
  if (key === 'ibriport' || key === 'ibrport') return { kind: 'meta', key: 'ibrname' };
  if (key === 'obriport' || key === 'obrport') return { kind: 'meta', key: 'obrname' };
  return Object.hasOwn(META_KEYS, key) ? { kind: 'meta', key: key as MetaKey } : undefined;
}

/** `key` may name the family: `ip saddr`. In tables of one family it goes without saying. */
export function ctOf(key: string, direction: string | undefined, table: NftFamily): Expression | undefined {
  const [, prefix, bare = key] = /^(ip6?) (.*)$/.exec(key) ?? [];
  if (!Object.hasOwn(CT_KEYS, bare)) return undefined;
  if (direction !== undefined && direction !== 'original' && direction !== 'reply') return undefined;
  const isAddress = bare === 'saddr' || bare === 'daddr';
  const family = prefix ?? (isAddress && (table === 'ip' || table === 'ip6') ? table : undefined);
  return {
    kind: 'ct',
    key: bare as CtKey,
    ...(direction ? { direction } : {}),
    ...(family === 'ip' || family === 'ip6' ? { family } : {}),
  };
}

/** Without a field: is the header there? */
export function extensionOf(name: string, field: string | undefined): ExtensionHeader | undefined {
  if (!Object.hasOwn(EXTENSION_HEADERS(), name)) return undefined;
  const header = EXTENSION_HEADERS()[name];
  if (!header) return undefined;
  const common = { kind: 'exthdr', header: name, number: header.number } as const;
  if (field === undefined) return { ...common, offset: 0, bits: 0, type: 'boolean' };
  const indexed = /^(addr|sid)\[(\d{1,2})\]$/.exec(field);
  if (indexed && (name === 'rt0' || name === 'srh')) {
    const offset = 64 + 128 * Math.max(0, Number(indexed[2]) - 1);
    return { ...common, field, offset, bits: 128, type: 'ipv6_addr' };
  }
  const known = Object.hasOwn(header.fields, field) ? header.fields[field] : undefined;
  return known && { ...common, field, ...known };
}

export function chunkOf(name: string, field: string | undefined): ExtensionHeader | undefined {
  const chunk = Object.hasOwn(SCTP_CHUNKS(), name) ? SCTP_CHUNKS()[name] : undefined;
  if (!chunk) return undefined;
  const common = { kind: 'exthdr', header: 'sctp', number: chunk.number, chunk: name } as const;
  if (field === undefined) return { ...common, offset: 0, bits: 0, type: 'boolean' };
  const known = Object.hasOwn(chunk.fields, field) ? chunk.fields[field] : undefined;
  return known && { ...common, field, ...known };
}

export function optionOf(
  header: 'tcp' | 'ip' | 'dccp',
  name: string,
  field: string | undefined,
): Option | undefined {
  const options = header === 'tcp' ? TCP_OPTIONS() : header === 'ip' ? IP_OPTIONS() : {};
  const canonical = header === 'tcp' ? (TCP_ALIASES.get(name) ?? name) : name;
  const option = Object.hasOwn(options, canonical) ? options[canonical] : undefined;
  if (!option) {
    return /^\d{1,3}$/.test(name) && field === undefined
      ? rawOption(header, Number(name), 0, 0, 'boolean')
      : undefined;
  }
  const common = { kind: 'option', header, name: canonical, number: option.number } as const;
  if (field === undefined) return { ...common, offset: 0, bits: 0, type: 'boolean' };
  const known = Object.hasOwn(option.fields, field) ? option.fields[field] : undefined;
  return known && { ...common, field, ...known };
}

/** `tcp option @42,16,4`: by kind, offset and length in bits. */
export function rawOption(
  header: Option['header'],
  number: number,
  offset: number,
  bits: number,
  type: Datatype = 'integer',
): Option {
  return { kind: 'option', header, name: String(number), number, offset, bits, type };
}

/** Old and second names. */
const TCP_ALIASES: ReadonlyMap<string, string> = new Map([
  ['mss', 'maxseg'],
  ['noop', 'nop'],
  ['sack-permitted', 'sack-perm'],
  ['timestamps', 'timestamp'],
]);
