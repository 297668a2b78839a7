/** ICMP and ICMPv6 types with their codes by the names that ipset(8) prints (RFC 792, 1122, 1256, 1812, 4443, 4861). */
import type { Family } from '../net/ip.ts';
import { readNumber } from '../xtables/values/number.ts';

type Names = readonly (readonly [name: string, type: number, code: number])[];

/** Of names of one value the first is printed. */
const NAMES: Readonly<Record<Family, Names>> = {
  4: [
    ['echo-reply', 0, 0],
    ['pong', 0, 0],
    ['network-unreachable', 3, 0],
    ['host-unreachable', 3, 1],
    ['protocol-unreachable', 3, 2],
    ['port-unreachable', 3, 3],
    ['fragmentation-needed', 3, 4],
    ['source-route-failed', 3, 5],
    ['network-unknown', 3, 6],
    ['host-unknown', 3, 7],
    ['network-prohibited', 3, 9],
    ['host-prohibited', 3, 10],
    ['TOS-network-unreachable', 3, 11],
    ['TOS-host-unreachable', 3, 12],
    ['communication-prohibited', 3, 13],
    ['host-precedence-violation', 3, 14],
    ['precedence-cutoff', 3, 15],
    ['source-quench', 4, 0],
    ['network-redirect', 5, 0],
    ['host-redirect', 5, 1],
    ['TOS-network-redirect', 5, 2],
    ['TOS-host-redirect', 5, 3],
    ['echo-request', 8, 0],
    ['ping', 8, 0],
    ['router-advertisement', 9, 0],
    ['router-solicitation', 10, 0],
    ['ttl-zero-during-transit', 11, 0],
    ['ttl-zero-during-reassembly', 11, 1],
    ['ip-header-bad', 12, 0],
    ['required-option-missing', 12, 1],
    ['timestamp-request', 13, 0],
    ['timestamp-reply', 14, 0],
    ['address-mask-request', 17, 0],
    ['address-mask-reply', 18, 0],
  ],
  6: [
    ['no-route', 1, 0],
    ['communication-prohibited', 1, 1],
    ['address-unreachable', 1, 3],
    ['port-unreachable', 1, 4],
    ['packet-too-big', 2, 0],
    ['ttl-zero-during-transit', 3, 0],
    ['ttl-zero-during-reassembly', 3, 1],
    ['bad-header', 4, 0],
    ['unknown-header-type', 4, 1],
    ['unknown-option', 4, 2],
    ['echo-request', 128, 0],
    ['ping', 128, 0],
    ['echo-reply', 129, 0],
    ['pong', 129, 0],
    ['router-solicitation', 133, 0],
    ['router-advertisement', 134, 0],
    ['neighbour-solicitation', 135, 0],
    ['neighbor-solicitation', 135, 0],
    ['neighbour-advertisement', 136, 0],
    ['neighbor-advertisement', 136, 0],
    ['redirect', 137, 0],
  ],
};

/** type << 8 | code of a name or of `8/0`. */
export function icmpNumber(text: string, family: Family): number | undefined {
  const lower = text.toLowerCase();
  const named = NAMES[family].find(([name]) => name.toLowerCase() === lower);
  if (named) return named[1] * 256 + named[2];
  const [type = '', code = '', more] = text.split('/');
  const [high, low] = [readNumber(type, 255), readNumber(code, 255)];
  return high === undefined || low === undefined || more !== undefined ? undefined : high * 256 + low;
}

export function icmpName(value: number, family: Family): string {
  const [type, code] = [value >> 8, value & 255];
  return NAMES[family].find((each) => each[1] === type && each[2] === code)?.[0] ?? `${type}/${code}`;
}
