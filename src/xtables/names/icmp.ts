/** ICMP (RFC 792, 1122, 1256, 1812) and ICMPv6 (RFC 4443, 4861) types by the names iptables knows. */
import { readNumber } from '../values/number.ts';

export interface IcmpTest {
  readonly type: number;
  readonly minCode: number;
  readonly maxCode: number;
  /** Every type and code. */
  readonly any: boolean;
}

export interface IcmpName {
  readonly name: string;
  readonly type: number;
  /** Absent: all codes. */
  readonly code?: number;
}

export type IcmpNames = readonly IcmpName[];

const name = (name: string, type: number, code?: number): IcmpName =>
  code === undefined ? { name, type } : { name, type, code };

const v4: IcmpNames = [
  name('echo-reply', 0),
  name('pong', 0),
  name('destination-unreachable', 3),
  name('network-unreachable', 3, 0),
  name('host-unreachable', 3, 1),
  name('protocol-unreachable', 3, 2),
  name('port-unreachable', 3, 3),
  name('fragmentation-needed', 3, 4),
  name('source-route-failed', 3, 5),
  name('network-unknown', 3, 6),
  name('host-unknown', 3, 7),
  name('network-prohibited', 3, 9),
  name('host-prohibited', 3, 10),
  name('TOS-network-unreachable', 3, 11),
  name('TOS-host-unreachable', 3, 12),
  name('communication-prohibited', 3, 13),
  name('host-precedence-violation', 3, 14),
  name('precedence-cutoff', 3, 15),
  name('source-quench', 4),
  name('redirect', 5),
  name('network-redirect', 5, 0),
  name('host-redirect', 5, 1),
  name('TOS-network-redirect', 5, 2),
  name('TOS-host-redirect', 5, 3),
  name('echo-request', 8),
  name('ping', 8),
  name('router-advertisement', 9),
  name('router-solicitation', 10),
  name('time-exceeded', 11),
  name('ttl-exceeded', 11),
  name('ttl-zero-during-transit', 11, 0),
  name('ttl-zero-during-reassembly', 11, 1),
  name('parameter-problem', 12),
  name('ip-header-bad', 12, 0),
  name('required-option-missing', 12, 1),
  name('timestamp-request', 13),
  name('timestamp-reply', 14),
  name('address-mask-request', 17),
  name('address-mask-reply', 18),
];

const v6: IcmpNames = [
  name('destination-unreachable', 1),
  name('no-route', 1, 0),
  name('communication-prohibited', 1, 1),
  name('beyond-scope', 1, 2),
  name('address-unreachable', 1, 3),
  name('port-unreachable', 1, 4),
  name('failed-policy', 1, 5),
  name('reject-route', 1, 6),
  name('packet-too-big', 2),
  name('time-exceeded', 3),
  name('ttl-exceeded', 3),
  name('ttl-zero-during-transit', 3, 0),
  name('ttl-zero-during-reassembly', 3, 1),
  name('parameter-problem', 4),
  name('bad-header', 4, 0),
  name('unknown-header-type', 4, 1),
  name('unknown-option', 4, 2),
  name('echo-request', 128),
  name('ping', 128),
  name('echo-reply', 129),
  name('pong', 129),
  name('mld-listener-query', 130),
  name('mld-listener-report', 131),
  name('mld-listener-done', 132),
  name('mld-listener-reduction', 132),
  name('router-solicitation', 133),
  name('router-advertisement', 134),
  name('neighbour-solicitation', 135),
  name('neighbor-solicitation', 135),
  name('neighbour-advertisement', 136),
  name('neighbor-advertisement', 136),
  name('redirect', 137),
];

export const IcmpNames = { v4, v6 } as const;

/** `8`, `3/4`, or a name or its unambiguous beginning. `any` (and type 255) is an IPv4 word. */
export function readIcmp(text: string, names: IcmpNames, any: boolean): IcmpTest | undefined {
  const lower = text.toLowerCase();
  if (any && lower === 'any') return { type: 255, minCode: 0, maxCode: 255, any: true };
  const exact = names.filter((each) => each.name.toLowerCase() === lower);
  const found = exact.length > 0 ? exact : names.filter((each) => each.name.toLowerCase().startsWith(lower));
  if (lower !== '' && /^[a-z]/.test(lower)) {
    const [only] = found;
    if (!only || found.length > 1) return undefined;
    return { type: only.type, minCode: only.code ?? 0, maxCode: only.code ?? 255, any: false };
  }
  const slash = text.indexOf('/');
  const type = readNumber(slash < 0 ? text : text.slice(0, slash), 255);
  const code = slash < 0 ? undefined : readNumber(text.slice(slash + 1), 255);
  if (type === undefined || (slash >= 0 && code === undefined)) return undefined;
  if (any && type === 255) return { type, minCode: 0, maxCode: 255, any };
  return { type, minCode: code ?? 0, maxCode: code ?? 255, any: false };
}
