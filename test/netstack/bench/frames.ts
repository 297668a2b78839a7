/** Frames of the bench's cases, in a few words. */
import { parseIp } from '../../../src/net/ip.ts';
import type { Mac } from '../../../src/net/mac.ts';
import { buildSkb, type SkbSpec } from '../../../src/skb/build.ts';
import { refreshLayout } from '../../../src/skb/layout.ts';
import { sealChecksums } from '../../../src/skb/rewrite.ts';
import type { Skb } from '../../../src/skb/skb.ts';
import { BUILTIN_CHAINS, TABLES } from '../../../src/xtables/rule.ts';
import type { Sent } from './bench.ts';

export const BROADCAST: Mac = 0xffffffffffff;

export function ip(text: string) {
  const value = parseIp(text);
  if (value === undefined) throw new Error(`no address: ${text}`);
  return value;
}

export type More = Partial<Omit<SkbSpec, 'source' | 'destination'>> &
  Omit<Partial<Sent>, 'on' | 'skb'> & {
    /** Destination MAC. */
    readonly to?: Mac;
    readonly from?: Mac;
  };

/** UDP with 8 bytes unless `more` says otherwise; `on` is an end, or the namespace that sends it. */
export function packet(on: string, source: string, destination: string, more: More = {}): Sent {
  const { to, from, vlans, before, ...spec } = more;
  return {
    on,
    skb: buildSkb({
      source: ip(source),
      destination: ip(destination),
      protocol: 17,
      sourcePort: 1000,
      destinationPort: 2000,
      payload: 8,
      dontFragment: false,
      ...spec,
    }),
    ...(to === undefined ? {} : { destination: to }),
    ...(from === undefined ? {} : { source: from }),
    ...(vlans === undefined ? {} : { vlans }),
    ...(before === undefined ? {} : { before }),
  };
}

export const echo = (on: string, source: string, destination: string, more: More = {}): Sent =>
  packet(on, source, destination, { protocol: source.includes(':') ? 58 : 1, icmpId: 7, ...more });

export const tcp = (
  on: string,
  source: string,
  destination: string,
  ports: readonly [number, number],
  flags: number,
  more: More = {},
): Sent =>
  packet(on, source, destination, {
    protocol: 6,
    sourcePort: ports[0],
    destinationPort: ports[1],
    tcpFlags: flags,
    payload: 0,
    ...more,
  });

/** The datagram cut into pieces of so many bytes each; all but the last a multiple of eight. */
export function fragments({ skb, ...sent }: Sent, sizes: readonly number[]): Sent[] {
  let from = 0;
  return sizes.map((size, i) => {
    const bytes = new Uint8Array(20 + size);
    bytes.set(skb.bytes.subarray(0, 20));
    bytes.set(skb.bytes.subarray(20 + from, 20 + from + size), 20);
    const view = new DataView(bytes.buffer);
    view.setUint16(2, bytes.length);
    view.setUint16(6, (i < sizes.length - 1 ? 0x2000 : 0) | (from / 8));
    const piece: Skb = { ...skb, bytes, transport: -1 };
    sealChecksums(piece);
    refreshLayout(piece);
    from += size;
    return { ...sent, skb: piece };
  });
}

/** Every chain counts packets by device and by port. `extra` adds rules behind, by table. */
export function counting(
  devices: readonly string[],
  ports: readonly string[] = [],
  extra: Readonly<Record<string, readonly string[]>> = {},
): string {
  let text = '';
  for (const table of TABLES) {
    text += `*${table}\n`;
    for (const chain of BUILTIN_CHAINS[table]) text += `:${chain} ACCEPT [0:0]\n`;
    for (const chain of BUILTIN_CHAINS[table]) {
      const [hasIn, hasOut] = [
        chain !== 'OUTPUT' && chain !== 'POSTROUTING',
        chain !== 'INPUT' && chain !== 'PREROUTING',
      ];
      if (table !== 'nat') text += `-A ${chain} -m conntrack --ctstate INVALID,UNTRACKED\n`;
      for (const device of devices) {
        if (hasIn) text += `-A ${chain} -i ${device}\n`;
        if (hasOut) text += `-A ${chain} -o ${device}\n`;
      }
      for (const port of chain === 'OUTPUT' ? [] : ports) {
        text += `-A ${chain} -m physdev --physdev-in ${port}\n`;
        if (chain === 'FORWARD' || chain === 'POSTROUTING')
          text += `-A ${chain} -m physdev --physdev-out ${port} --physdev-is-bridged\n`;
      }
    }
    for (const rule of extra[table] ?? []) text += `${rule}\n`;
    text += 'COMMIT\n';
  }
  return text;
}
