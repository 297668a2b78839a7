/** `KEY=VALUE` fields of a packet, as the kernel log and xtables-monitor write them. */
import { wordTable } from '../base/word-table.ts';
import { type Family, familyOf, type Ip, parseIp } from '../net/ip.ts';
import { type Mac, parseMac } from '../net/mac.ts';
import { PROTOCOL } from '../net/protocol.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { parseNumber } from './fields.ts';
import type { LogTime, TracedHeader } from './trace-record.ts';

const FLAGS = wordTable<number>({
  FIN: 1,
  SYN: 2,
  RST: 4,
  PSH: 8,
  ACK: 16,
  URG: 32,
  ECE: 64,
  CWR: 128,
});

/** The header that an ICMP error quotes stands in brackets: it is not this packet's. */
const QUOTED = /\[SRC=.*$/s;

/** Undefined when the text names no two addresses of one family. */
export function parseFields(text: string): TracedHeader | undefined {
  // xtables-monitor 1.8.5 and older put no space behind the identification: `ID=38349DF`.
  const words = text
    .replace(QUOTED, '')
    .replace(/\bID=(\d+)(?=[A-Z])/g, 'ID=$1 ')
    .trim()
    .split(/\s+/);
  const fields = new Map<string, string>();
  const bare = new Set<string>();
  let second = new Map<string, string>();
  for (const word of words) {
    const equals = word.indexOf('=');
    if (equals < 0) {
      bare.add(word);
      continue;
    }
    const key = word.slice(0, equals);
    // LEN and ID come again for the transport layer.
    (fields.has(key) ? second : fields).set(key, word.slice(equals + 1));
  }
  const source = parseIp(fields.get('SRC') ?? '');
  const destination = parseIp(fields.get('DST') ?? '');
  if (source === undefined || destination === undefined || familyOf(source) !== familyOf(destination)) {
    return undefined;
  }
  // The IPv6 header has no identification: there the first ID is the echo's.
  if (familyOf(source) === 6 && fields.has('ID'))
    second = new Map([...second, ['ID', fields.get('ID') ?? '']]);
  return headerOf(source, destination, { fields, second, bare });
}

interface Fields {
  readonly fields: ReadonlyMap<string, string>;
  readonly second: ReadonlyMap<string, string>;
  readonly bare: ReadonlySet<string>;
}

function headerOf(source: Ip, destination: Ip, { fields, second, bare }: Fields): TracedHeader {
  const family = familyOf(source);
  const number = (...keys: string[]) => {
    const key = keys.find((each) => fields.has(each));
    return key === undefined ? undefined : parseNumber(fields.get(key) ?? '');
  };
  const text = (key: string) => fields.get(key) || undefined;
  const flags = Object.entries(FLAGS).reduce((sum, [name, bit]) => (bare.has(name) ? sum | bit : sum), 0);
  const protocol = protocolOf(fields, bare, family, flags);
  const icmp = protocol === PROTOCOL.icmp || protocol === PROTOCOL['ipv6-icmp'];
  const offset = number('FRAG', 'OFF') ?? fragmentOf(bare);
  return present({
    family,
    in: text('IN'),
    out: text('OUT'),
    physin: text('PHYSIN'),
    physout: text('PHYSOUT'),
    ...macs(fields),
    source,
    destination,
    length: lengthOf(fields, number('LEN')),
    tos: tosOf(fields, number('TOS'), number('PREC'), number('TC')),
    ttl: number('TTL', 'HOPLIMIT'),
    id: family === 4 ? number('ID') : undefined,
    flowLabel: number('FLOWLBL'),
    dontFragment: bare.has('DF') || undefined,
    moreFragments: bare.has('MF') || undefined,
    fragmentOffset: offset === undefined ? undefined : offset * 8,
    protocol,
    sourcePort: number('SPT', 'SPORT'),
    destinationPort: number('DPT', 'DPORT'),
    tcpFlags: protocol === PROTOCOL.tcp ? flags : undefined,
    tcpSequence: protocol === PROTOCOL.tcp ? number('SEQ') : undefined,
    tcpAcknowledgement: protocol === PROTOCOL.tcp ? number('ACK') : undefined,
    tcpWindow: number('WINDOW'),
    icmpType: icmp ? number('TYPE') : undefined,
    icmpCode: icmp ? number('CODE') : undefined,
    icmpId: icmp ? parseNumber(second.get('ID') ?? '') : undefined,
    icmpSequence: icmp ? number('SEQ') : undefined,
    mark: number('MARK'),
    uid: number('UID'),
  });
}

/** xtables-monitor names no protocol: flags are TCP's, ports without them UDP's most likely. */
function protocolOf(
  fields: Fields['fields'],
  bare: Fields['bare'],
  family: Family,
  flags: number,
): number | undefined {
  const named = fields.get('PROTO');
  if (named !== undefined) return /^\d+$/.test(named) ? Number(named) : protocolNumber(named.toLowerCase());
  if (fields.has('TYPE')) return family === 4 ? PROTOCOL.icmp : PROTOCOL['ipv6-icmp'];
  if (fields.has('SPORT') || fields.has('SPT')) {
    return flags !== 0 || bare.has('SEQ') ? PROTOCOL.tcp : PROTOCOL.udp;
  }
  return undefined;
}

/** `FRAG:185` of the kernel log. */
function fragmentOf(bare: Fields['bare']): number | undefined {
  for (const word of bare) if (word.startsWith('FRAG:')) return parseNumber(word.slice(5));
  return undefined;
}

/** xtables-monitor 1.8.9 adds an IPv4 header's 20 bytes to IPv6's payload length (trace_print_packet()). */
function lengthOf(fields: Fields['fields'], length: number | undefined): number | undefined {
  const ofMonitor = fields.has('HOPLIMIT') && (fields.has('MACPROTO') || !fields.has('PROTO'));
  return length === undefined || !ofMonitor ? length : length + 20;
}

/** The kernel log prints the byte in two parts: TOS=0x00 PREC=0xC0. */
function tosOf(
  fields: Fields['fields'],
  tos: number | undefined,
  precedence: number | undefined,
  trafficClass: number | undefined,
): number | undefined {
  if (trafficClass !== undefined && !fields.has('TOS')) return trafficClass;
  return tos === undefined ? undefined : (tos | (precedence ?? 0)) & 0xff;
}

/** `MAC=` is the frame's header as it stands: destination, source, EtherType; zeros on lo. xtables-monitor leaves out leading zeros. */
function macs(fields: Fields['fields']): { etherSource?: Mac; etherDestination?: Mac } {
  const bytes = (fields.get('MAC') ?? '').split(':');
  const ethernet = bytes.length === 14 && bytes.slice(0, 12).some((byte) => byte !== '00');
  const source = ethernet ? bytes.slice(6, 12) : (fields.get('MACSRC') ?? '').split(':');
  const destination = ethernet ? bytes.slice(0, 6) : (fields.get('MACDST') ?? '').split(':');
  return present({ etherSource: macOf(source), etherDestination: macOf(destination) });
}

function macOf(parts: readonly string[]): Mac | undefined {
  return parts.length === 6 ? parseMac(parts.map((part) => part.padStart(2, '0')).join(':')) : undefined;
}

/** Without the keys that are undefined. */
export function present<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** What a line of dmesg, journalctl or syslog begins with. */
export function parseLogTime(line: string): LogTime | undefined {
  const boot = /(?:^|\s|\])\[\s*(\d+\.\d+)\]/.exec(line.slice(0, 120));
  const iso =
    /^\s*(?:<\d+>)?(?:\d )?(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))?\s?(Z|[+-]\d\d:?\d\d)?/.exec(
      line,
    );
  if (iso) {
    const zone = (iso[4] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
    const seconds = Date.parse(`${iso[1]}T${iso[2]}${zone}`) / 1000;
    return Number.isNaN(seconds)
      ? undefined
      : { clock: 'epoch', seconds: seconds + Number(`0.${iso[3] ?? 0}`) };
  }
  const human = /^\s*\[\w{3} (\w{3}) +(\d+) (\d\d:\d\d:\d\d) (\d{4})\]/.exec(line);
  if (human) {
    const seconds = Date.parse(`${human[2]} ${human[1]} ${human[4]} ${human[3]} UTC`) / 1000;
    return Number.isNaN(seconds) ? undefined : { clock: 'epoch', seconds };
  }
  if (boot) return { clock: 'boot', seconds: Number(boot[1]) };
  const syslog = /^\s*(?:<\d+>)?(\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)(\.\d+)?\s/.exec(line);
  const month = MONTHS.indexOf(syslog?.[1] ?? '');
  if (!syslog || month < 0) return undefined;
  const [, , day, hour, minute, second, fraction] = syslog;
  const seconds =
    Date.UTC(2000, month, Number(day), Number(hour), Number(minute), Number(second)) - Date.UTC(2000, 0);
  return { clock: 'year', seconds: seconds / 1000 + Number(fraction ?? 0) };
}
