/** Endpoints as `ss` and `netstat` print them. */
import { type Ip, parseIp, parseIpv4 } from '../net/ip.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { servicePort } from '../xtables/names/services.ts';
import type { Socket } from './records.ts';

export interface Endpoint {
  /** Undefined: any. */
  readonly address?: Ip;
  /** How "any" was written: `*`, `0.0.0.0`, `::`. */
  readonly any?: '*' | '4' | '6';
  readonly device?: string;
  readonly port: number;
}

/**
 * `127.0.0.1:80`, `[::1]:80`, `:::80`, `*:*`, `0.0.0.0%eth0:67`, `[fe80::1%eth0]:546`, `*:ssh`. Port 0 is `*`. A raw socket's
 * port is its protocol.
 */
export function parseEndpoint(text: string, raw = false): Endpoint | undefined {
  const colon = text.lastIndexOf(':');
  if (colon < 0) return undefined;
  const name = text.slice(colon + 1);
  const port = parsePort(name) ?? (raw ? protocolNumber(name) : undefined);
  if (port === undefined) return undefined;
  let host = text.slice(0, colon);
  let device: string | undefined;
  const zone = /%([^\]%]+)\]?$/.exec(host);
  if (zone) {
    device = zone[1];
    host = host.slice(0, zone.index);
  }
  host = host.replace(/^\[|\]$/g, '');
  const place = device === undefined ? {} : { device };
  if (host === '*' || host === '') return { any: '*', port, ...place };
  const address = unmapped(host);
  if (address === undefined) return undefined;
  if (address === 0) return { any: '4', port, ...place };
  if (address === 0n) return { any: '6', port, ...place };
  return { address, port, ...place };
}

/** An IPv4 address that an IPv6 socket holds is what the packets carry. */
function unmapped(host: string): Ip | undefined {
  const mapped = /^::ffff:([\d.]+)$/i.exec(host);
  return mapped ? parseIpv4(mapped[1] ?? '') : parseIp(host);
}

function parsePort(text: string): number | undefined {
  if (text === '*') return 0;
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  return servicePort(text);
}

export function socketProtocol(name: string): Socket['protocol'] {
  const base = name.replace(/6$/, '');
  return base === 'tcp' || base === 'udp' || base === 'sctp' || base === 'raw' ? base : 'other';
}
