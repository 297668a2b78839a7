/** What `-v` prints of the IP header, in brackets before the addresses. */
export interface Ipv4Words {
  readonly tos: number;
  readonly ttl: number;
  readonly id: number;
  readonly offset: number;
  readonly dontFragment: boolean;
  readonly moreFragments: boolean;
  readonly protocol?: number;
  readonly length?: number;
  /** Bytes of options, where they can be told. */
  readonly options: number;
  readonly badChecksum?: number;
}

export interface Ipv6Words {
  readonly trafficClass: number;
  readonly flowLabel: number;
  readonly hopLimit: number;
  readonly nextHeader?: number;
  readonly payloadLength?: number;
}

/** The brackets that `text` begins with, and what follows them. */
export function inBrackets(text: string): { readonly inner: string; readonly rest: string } | undefined {
  if (!text.startsWith('(')) return undefined;
  let depth = 0;
  for (let at = 0; at < text.length && at < 2000; at++) {
    if (text[at] === '(') depth++;
    else if (text[at] === ')' && --depth === 0) return { inner: text.slice(1, at), rest: text.slice(at + 1) };
  }
  return undefined;
}

/** `tos 0x0, ttl 64, id 1, offset 0, flags [DF], proto TCP (6), length 60`; 3.x wrote `length: 60`. */
export function ipv4Words(inner: string): Ipv4Words | undefined {
  const ttl = /\bttl\s+(\d+)/.exec(inner);
  const id = /\bid (\d+)/.exec(inner);
  if (!ttl || !id) return undefined;
  const flags = /flags \[([^\]]*)\]/.exec(inner)?.[1] ?? '';
  const protocol = /proto(?::)? [^,(]*\((\d+)\)/.exec(inner);
  const length = /\blen(?:gth)?:? (\d+)/.exec(inner);
  const bad = /bad cksum (?:0x)?([0-9a-f]{1,4}) \(/.exec(inner);
  return {
    tos: Number.parseInt(/\btos 0x([0-9a-f]+)/.exec(inner)?.[1] ?? '0', 16) & 0xff,
    ttl: Number(ttl[1]) & 0xff,
    id: Number(id[1]) & 0xffff,
    offset: Number(/\boffset (\d+)/.exec(inner)?.[1] ?? 0),
    dontFragment: flags.includes('DF'),
    moreFragments: flags.includes('+'),
    ...(protocol && { protocol: Number(protocol[1]) & 0xff }),
    ...(length && { length: Number(length[1]) }),
    options: /options \(RA\)/.test(inner) ? 4 : 0,
    ...(bad && { badChecksum: Number.parseInt(bad[1] ?? '', 16) }),
  };
}

/** `class 0x03, flowlabel 0x12345, hlim 64, next-header TCP (6) payload length: 40`. */
export function ipv6Words(inner: string): Ipv6Words | undefined {
  const hopLimit = /\bhlim (\d+)/.exec(inner);
  if (!hopLimit) return undefined;
  const next = /next-header [^,(]*\((\d+)\)/.exec(inner);
  const length = /payload length: (\d+)/.exec(inner);
  return {
    trafficClass: Number.parseInt(/\bclass 0x([0-9a-f]+)/.exec(inner)?.[1] ?? '0', 16) & 0xff,
    flowLabel: Number.parseInt(/\bflowlabel 0x([0-9a-f]+)/.exec(inner)?.[1] ?? '0', 16) & 0xfffff,
    hopLimit: Number(hopLimit[1]) & 0xff,
    ...(next && { nextHeader: Number(next[1]) & 0xff }),
    ...(length && { payloadLength: Number(length[1]) }),
  };
}
