/** `10.0.0.1.443`, `fd00::1.443`, `web.shop_default.http`, `10.0.0.1`: an address or a name, and behind the last dot a port. */
import { type Ip, parseIp } from '../net/ip.ts';
import { protocolNumber } from '../xtables/names/protocols.ts';
import { servicePort } from '../xtables/names/services.ts';
import { isUnread, type Reading, type Unread } from './reading.ts';

export interface Endpoint {
  readonly address: Ip;
  readonly port?: number;
}

export function endpointOf(text: string, hasPort: boolean, reading: Reading): Endpoint | Unread {
  const whole = text.replace(/%[\w.-]+$/, '');
  const plain = parseIp(whole);
  if (plain !== undefined) return { address: plain };
  const dot = whole.lastIndexOf('.');
  const head = whole.slice(0, dot);
  const tail = whole.slice(dot + 1);
  const numeric = dot > 0 ? parseIp(head) : undefined;
  if (numeric !== undefined) {
    const port = portOf(tail);
    return port === undefined ? { unread: 'words', text: `port ${tail}` } : { address: numeric, port };
  }
  if (!hasPort) {
    const address = reading.address(whole);
    return address === undefined ? { unread: 'name', text: whole } : { address };
  }
  const address = dot > 0 ? reading.address(head) : undefined;
  const port = portOf(tail);
  if (address !== undefined && port !== undefined) return { address, port };
  return { unread: 'name', text: dot > 0 ? head : whole };
}

/** Undefined: a service nobody knows. */
export function portOf(text: string): number | undefined {
  if (/^\d{1,5}$/.test(text)) return Number(text) <= 65535 ? Number(text) : undefined;
  return servicePort(text);
}

export function protocolOf(text: string): number | undefined {
  const numbered = /^(?:ip-proto-|proto(?:col)? )?(\d{1,3})$/.exec(text);
  if (numbered) return Number(numbered[1]) <= 255 ? Number(numbered[1]) : undefined;
  return protocolNumber(text.toLowerCase());
}

/** Both ends; the first that can't be read counts. */
export function endsOf(
  source: string,
  destination: string,
  hasPort: boolean,
  reading: Reading,
): { readonly source: Endpoint; readonly destination: Endpoint } | Unread {
  const from = endpointOf(source, hasPort, reading);
  if (isUnread(from)) return from;
  const to = endpointOf(destination, hasPort, reading);
  return isUnread(to) ? to : { source: from, destination: to };
}
