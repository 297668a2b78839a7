/** What `-e` and `-i any` print before the packet: interface, direction, link-layer addresses, EtherType, VLANs, the frame's length. */
import { wordTable } from '../base/word-table.ts';
import { type Mac, parseMac } from '../net/mac.ts';

export type Direction = 'In' | 'Out' | 'B' | 'M' | 'P';

export interface LinkWords {
  readonly interfaceName?: string;
  readonly direction?: Direction;
  readonly interfaceIndex?: number;
  /** `-e` was given. */
  readonly shown: boolean;
  readonly source?: Mac;
  readonly destination?: Mac;
  readonly etherType?: number;
  /** BSD's loopback header, whose length is part of the frame's; or none at all. */
  readonly bare?: 'loopback' | 'none';
  /** An 802.3 frame's length, or an EtherType below 0x600. */
  readonly vlans: readonly { readonly type: number; readonly tag: number }[];
  /** Of the frame. */
  readonly length?: number;
  /** What stands behind it. */
  readonly rest: string;
}

const ETHERTYPES = wordTable<number>({ ip: 0x800, ip6: 0x86dd, arp: 0x806, rarp: 0x8035 });
const NAMES = wordTable<Mac>({ broadcast: 0xffffffffffff });
const MAC = '(?:[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5}|Broadcast)(?: \\(oui [^)]*\\))?';
const PACKET =
  'IP6? |IP6?$|ARP, |ARP |arp |ethertype |ifindex |STP |LLDP|LLC|EAPOL|802\\.|vlan |[0-9a-fA-F]{1,2}(?::[0-9a-fA-F]{1,2}){5} |[a-zA-Z]\\S+, ';
const COLUMNS = new RegExp(`^(?:(\\S{1,16})\\s+)?(In|Out|B|M|P)\\s+(?=${PACKET})`);
const ETHERNET = new RegExp(`^(${MAC}) > (${MAC}), `);
/** tcpdump 3.x: `0:c:29:1:2:3 0:50:56:1:2:3 ip 98: `, or the number of the EtherType. */
const OLD = new RegExp(`^(${MAC}) (${MAC}) (ip6?|arp|rarp|[0-9a-f]{4}) (\\d{1,5}): `);
const COOKED = new RegExp(`^(?:ifindex (\\d+) )?(?:(${MAC}) )?(?=ethertype |802\\.[23]\\b)`);
/** BSD's loopback header. */
const LOOPBACK = /^AF \w+ \(\d+\), length (\d{1,7}): /;
const TYPE = /^ethertype ([^,(]*?)\s*\(0x([0-9a-fA-F]{1,4})\)(?:, length (\d{1,7}))?(?:: |, |:$|,$|$)/;
const VLAN = /^vlan (\d{1,4}), p (\d)(?:, DEI)?, /;

export function linkWords(text: string): LinkWords {
  const columns = COLUMNS.exec(text);
  const [whole = '', interfaceName, direction] = columns ?? [];
  const found = {
    ...(interfaceName !== undefined && { interfaceName }),
    ...(direction && { direction: direction as Direction }),
  };
  const rest = text.slice(whole.length);
  const ethernet = ETHERNET.exec(rest);
  const old = ethernet ? undefined : OLD.exec(rest);
  if (old) return { ...found, ...oldWords(old), rest: rest.slice(old[0].length) };
  const loopback = LOOPBACK.exec(rest);
  if (loopback) {
    const length = Number(loopback[1]);
    return {
      ...found,
      shown: true,
      bare: 'loopback',
      vlans: [],
      length,
      rest: rest.slice(loopback[0].length),
    };
  }
  if (rest.startsWith('ip: ')) return { ...found, shown: true, bare: 'none', vlans: [], rest };
  const cooked = ethernet ? undefined : COOKED.exec(rest);
  if (!ethernet && !cooked) return { ...found, shown: false, vlans: [], rest };
  const source = macOf(ethernet?.[1] ?? cooked?.[2]);
  const destination = macOf(ethernet?.[2]);
  return {
    ...found,
    shown: true,
    ...(cooked?.[1] !== undefined && { interfaceIndex: Number(cooked[1]) >>> 0 }),
    ...(source !== undefined && { source }),
    ...(destination !== undefined && { destination }),
    ...typeWords(rest.slice((ethernet ?? cooked)?.[0].length ?? 0)),
  };
}

function oldWords([, source, destination, type = '', length]: RegExpExecArray) {
  const from = macOf(source);
  const to = macOf(destination);
  return {
    shown: true,
    ...(from !== undefined && { source: from }),
    ...(to !== undefined && { destination: to }),
    etherType: ETHERTYPES[type] ?? Number.parseInt(type, 16),
    vlans: [],
    length: Number(length),
  };
}

function macOf(text: string | undefined): Mac | undefined {
  const plain = text?.replace(/ \(oui .*$/, '') ?? '';
  return NAMES[plain.toLowerCase()] ?? parseMac(plain);
}

/** `ethertype 802.1Q (0x8100), length 102: vlan 10, p 0, ethertype IPv4 (0x0800), `; `802.3, length 39: `. */
function typeWords(text: string): Pick<LinkWords, 'etherType' | 'vlans' | 'length' | 'rest'> {
  let rest = text;
  let length: number | undefined;
  let etherType: number | undefined;
  const vlans: { type: number; tag: number }[] = [];
  for (let turn = 0; turn < 8; turn++) {
    const type = TYPE.exec(rest);
    if (!type) break;
    etherType = Number.parseInt(type[2] ?? '', 16);
    length ??= type[3] === undefined ? undefined : Number(type[3]);
    rest = rest.slice(type[0].length);
    const vlan = VLAN.exec(rest);
    if (!vlan) break;
    vlans.push({ type: etherType, tag: (Number(vlan[2]) << 13) | (Number(vlan[1]) & 0xfff) });
    rest = rest.slice(vlan[0].length);
  }
  const plain = /^802\.[23], length (\d{1,5}): /.exec(rest);
  if (plain && etherType === undefined) {
    const wire = Number(plain[1]);
    return { etherType: wire, length: wire + 14, vlans, rest: rest.slice(plain[0].length) };
  }
  return {
    ...(etherType !== undefined && { etherType }),
    ...(length !== undefined && { length }),
    vlans,
    rest,
  };
}
