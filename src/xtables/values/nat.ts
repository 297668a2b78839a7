/** parse_to() of libxt_NAT.c: `address[-address][:port[-port[/base]]]`, IPv6 addresses in brackets when ports follow. */
import { type Family, type Ip, parseIpv4, parseIpv6 } from '../../net/ip.ts';
import type { RulePlace, Value } from '../extension.ts';
import { formatAddress } from './address.ts';
import { readNumber } from './number.ts';
import { MAX_PORT, readPort } from './port.ts';

export interface NatPorts {
  readonly min: number;
  readonly max: number;
  /** DNAT: the original port that maps to `min`; the others keep their distance. */
  readonly base?: number;
}

export interface NatTo {
  readonly min?: Ip;
  readonly max?: Ip;
  readonly ports?: NatPorts;
}

/** `80`, `ssh`, `1024-65535`, with `base` also `1000-2000/3000`. Names can't be part of a range. */
export function readNatPorts(text: string, withBase: boolean): NatPorts | undefined {
  const found = /^([^-/]+)(?:-([^-/]+))?(?:\/(.+))?$/.exec(text);
  const single = readPort(text);
  if (single !== undefined) return { min: single, max: single };
  if (!found || found[2] === undefined) return undefined;
  const min = readNumber(found[1] ?? '', MAX_PORT);
  const max = readNumber(found[2], MAX_PORT);
  if (min === undefined || max === undefined || max < min) return undefined;
  if (found[3] === undefined) return { min, max };
  const base = withBase ? readPort(found[3]) : undefined;
  return base === undefined || base === 0 ? undefined : { min, max, base };
}

export function formatNatPorts({ min, max, base }: NatPorts): string {
  const range = min === max ? String(min) : `${min}-${max}`;
  return base === undefined ? range : `${range}/${base}`;
}

export function readNatTo(text: string, family: Family, withBase: boolean): NatTo | undefined {
  const { addresses, ports: portText } = split(text, family);
  const ports = portText === undefined ? undefined : readNatPorts(portText, withBase);
  if (portText !== undefined && !ports) return undefined;
  if (addresses === '') return ports ? { ports } : undefined;
  const [low = '', high, more] = addresses.split('-');
  const read = family === 4 ? parseIpv4 : parseIpv6;
  const min = read(low);
  const max = high === undefined ? min : read(high);
  if (min === undefined || max === undefined || more !== undefined) return undefined;
  return { min, max, ...(ports ? { ports } : {}) };
}

function split(text: string, family: Family): { addresses: string; ports: string | undefined } {
  if (family === 6) {
    const bracketed = /^\[([^\]]*)\](?::(.*))?$/.exec(text);
    if (bracketed) return { addresses: bracketed[1] ?? '', ports: bracketed[2] };
    return text.startsWith(':') && !text.startsWith('::')
      ? { addresses: '', ports: text.slice(1) }
      : { addresses: text, ports: undefined };
  }
  const colon = text.indexOf(':');
  return colon < 0
    ? { addresses: text, ports: undefined }
    : { addresses: text.slice(0, colon), ports: text.slice(colon + 1) };
}

export function formatNatTo({ min, max, ports }: NatTo): string {
  let text = '';
  if (min !== undefined) {
    text = formatAddress(min);
    if (max !== undefined && max !== min) text += `-${formatAddress(max)}`;
    if (ports && typeof min === 'bigint') text = `[${text}]`;
  }
  return ports ? `${text}:${formatNatPorts(ports)}` : text;
}

export function natTo(withBase: boolean): Value<NatTo> {
  return {
    words: 1,
    expected: `address, address-address, either with :port or :port-port${withBase ? ' or :port-port/base' : ''}, or only :port`,
    read: ([text = ''], { family }) => readNatTo(text, family, withBase),
  };
}

export const natPorts: Value<NatPorts> = {
  words: 1,
  expected: 'a port or a range low-high',
  read: ([text = '']) => readNatPorts(text, false),
};

const WITH_PORTS = new Set([6, 17, 132, 33, 1, 58]);

/** Ports need a protocol that has them. */
export function portsNeedProtocol(ports: NatPorts | undefined, { protocol }: RulePlace): string | undefined {
  if (!ports || (protocol && !protocol.invert && WITH_PORTS.has(protocol.protocol))) return undefined;
  return 'ports need -p tcp, udp, sctp or dccp';
}
