/** Words and numbers to constants of a datatype, and back to the way nft prints them (the parse and print functions of src/datatype.c). */
import { formatIp, parseIpv4, parseIpv6 } from '../net/ip.ts';
import { formatMac, parseMac } from '../net/mac.ts';
import { DATATYPES, type Datatype } from './datatype.ts';
import type { Constant, Text } from './expression.ts';
import type { KeyPart } from './set.ts';
import { bitNames, symbolName, symbolValue } from './symbols.ts';
import { parseDate, parseDuration, parseHour, printDate, printDuration, printHour } from './time.ts';

const NUMBER = /^(?:0x[0-9a-fA-F]{1,64}|\d{1,40})$/;

const constant = (type: Datatype, value: bigint | number): Constant => ({
  kind: 'constant',
  type,
  value: BigInt(value),
});

function text(type: Datatype, word: string): Text {
  const wildcard = word.endsWith('*') && !word.endsWith('\\*');
  return { kind: 'text', type, value: wildcard ? word.slice(0, -1) : word.replace(/\\\*$/, '*'), wildcard };
}

/** Undefined where the word can't be of the type. Without a type, what it looks like. */
export function readConstant(word: string, part: KeyPart | undefined): Constant | Text | undefined {
  if (!part) return guess(word);
  const { type } = part;
  switch (type) {
    case 'ipv4_addr':
      return typed(type, parseIpv4(word)) ?? bounded(type, word, 32);
    case 'ipv6_addr':
      return typed(type, parseIpv6(word) ?? mapped(word)) ?? bounded(type, word, 128);
    case 'ether_addr':
    case 'll_addr':
      return typed(type, parseMac(word)) ?? bounded(type, word, 48);
    case 'string':
    case 'ifname':
      return text(type, word);
    case 'time':
      return typed(type, parseDuration(word));
    case 'hour':
      return typed(type, parseHour(word));
    case 'absolute_time':
      return typed(type, parseDate(word));
    case 'classid':
      return typed(type, classid(word)) ?? named(type, word, 32);
    case 'ct_label':
      return /^\d{1,3}$/.test(word) && Number(word) < 128
        ? constant(type, 1n << BigInt(word))
        : text(type, word);
    case 'iface_index':
    case 'devgroup':
    case 'realm':
    case 'uid':
    case 'gid':
    case 'mark':
    case 'cgroupsv2':
      return named(type, word, DATATYPES[type].bits) ?? text(type, word);
    case 'inet_service':
    case 'inet_proto':
      return named(type, word, part.bits) ?? (NUMBER.test(word) ? undefined : text(type, word));
    case 'verdict':
      return undefined;
    default:
      return named(type, word, part.bits);
  }
}

/** An IPv4 address where an IPv6 one may stand: `ct original saddr` of inet tables. */
function mapped(word: string): bigint | undefined {
  const address = parseIpv4(word);
  return address === undefined ? undefined : 0xffff_0000_0000n | BigInt(address);
}

function typed(type: Datatype, value: number | bigint | undefined): Constant | undefined {
  return value === undefined ? undefined : constant(type, value);
}

function named(type: Datatype, word: string, bits: number): Constant | undefined {
  return typed(type, symbolValue(type, word)) ?? bounded(type, word, bits);
}

function bounded(type: Datatype, word: string, bits: number): Constant | undefined {
  if (!NUMBER.test(word)) return undefined;
  const value = BigInt(word);
  return bits > 0 && value >> BigInt(Math.max(bits, 8)) !== 0n ? undefined : constant(type, value);
}

/** `MAJOR:MINOR`, hexadecimal; either may be missing. */
function classid(word: string): bigint | undefined {
  const match = /^([0-9a-fA-F]{0,4}):([0-9a-fA-F]{0,4})$/.exec(word);
  return match ? (BigInt(`0x0${match[1]}`) << 16n) | BigInt(`0x0${match[2]}`) : undefined;
}

function guess(word: string): Constant | Text {
  return (
    bounded('integer', word, 0) ??
    typed('ipv4_addr', parseIpv4(word)) ??
    typed('ether_addr', parseMac(word)) ??
    typed('ipv6_addr', word.includes(':') ? parseIpv6(word) : undefined) ??
    text('string', word)
  );
}

/** `hex`: of a payload that was named by offset and length. `set`: bits are joined by ` | `. */
export type Style = 'plain' | 'hex' | 'set';

export function printConstant({ type, value }: Constant, style: Style = 'plain'): string {
  switch (type) {
    case 'ipv4_addr':
      return formatIp(Number(value & 0xffffffffn));
    case 'ipv6_addr':
      return formatIp(value);
    case 'ether_addr':
    case 'll_addr':
      return formatMac(Number(value & 0xffff_ffff_ffffn));
    case 'mark':
      return `0x${value.toString(16).padStart(8, '0')}`;
    case 'time':
      return printDuration(Number(value));
    case 'hour':
      return `"${printHour(Number(value))}"`;
    case 'absolute_time':
      return `"${printDate(value)}"`;
    case 'day':
    case 'realm':
    case 'devgroup': {
      const name = symbolName(type, value);
      return name === undefined ? String(value) : `"${name}"`;
    }
    case 'classid':
      return symbolName(type, value) ?? `${(value >> 16n).toString(16)}:${(value & 0xffffn).toString(16)}`;
    case 'ct_label':
      return printLabel(value);
    case 'dscp':
    case 'ether_type':
    case 'iface_type':
    case 'ecn':
    case 'mh_type':
      return symbolName(type, value) ?? hexOf(value, DATATYPES[type].bits);
    case 'icmp_type':
    case 'igmp_type':
    case 'icmpv6_type':
    case 'icmp_code':
    case 'icmpv6_code':
    case 'inet_proto':
      return symbolName(type, value) ?? String(value);
    default:
      break;
  }
  if (DATATYPES[type].base === 'bitmask') return printBits(type, value, style);
  if (style === 'hex') return `0x${value.toString(16)}`;
  return symbolName(type, value) ?? String(value);
}

function hexOf(value: bigint, bits: number): string {
  return `0x${value.toString(16).padStart(Math.ceil(bits / 8) * 2, '0')}`;
}

function printBits(type: Datatype, value: bigint, style: Style): string {
  const names = bitNames(type, value);
  if (names) return names.join(style === 'set' ? ' | ' : ',');
  return `0x${value.toString(16)}`;
}

/** A single bit is a label's number. */
function printLabel(value: bigint): string {
  const bits: number[] = [];
  for (let bit = 0; bit < 128; bit++) if ((value >> BigInt(bit)) & 1n) bits.push(bit);
  return bits.length === 0 ? '0x0' : bits.join(',');
}
