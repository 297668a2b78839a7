/** -p, -s, -d, -i and -o: the conditions that need no match. */
import type { Family } from '../net/ip.ts';
import type { Given } from './getopt.ts';
import { protocolNumber } from './names/protocols.ts';
import type { AddressMatch, InterfaceMatch, Rule } from './rule.ts';
import { bare } from './tokens.ts';
import { readAddressMask } from './values/address.ts';
import { readNumber } from './values/number.ts';

export const MAX_INTERFACE_NAME = 15;

/** Tells what is wrong with a condition, and keeps its words; gives undefined. */
export type Bad = (code: string, text: string, ...words: string[]) => undefined;

function given({ invert }: Given, option: string, word: string): string[] {
  return [...(invert ? ['!'] : []), option, bare(word)];
}

/** The protocol as a number; 0, for all, is no condition. */
export function readProtocol(raw: Given | undefined, bad: Bad): Rule['protocol'] {
  if (!raw) return undefined;
  const protocol = readNumber(raw.text, 255) ?? protocolNumber(raw.text);
  const words = given(raw, '-p', raw.text);
  if (protocol === undefined) {
    return bad('bad-value', `-p ${bare(raw.text)}: expected a protocol name or a number 0..255`, ...words);
  }
  if (protocol === 0) {
    return raw.invert ? bad('refused', '! -p all can never match', ...words) : undefined;
  }
  return { invert: raw.invert, protocol };
}

/** A comma list makes one rule for each; undefined stands for no condition. */
export function readAddresses(
  option: '-s' | '-d',
  raw: Given | undefined,
  family: Family,
  bad: Bad,
): (AddressMatch | undefined)[] {
  if (!raw) return [undefined];
  const words = raw.text.split(',');
  if (raw.invert && words.length > 1) {
    bad('refused', `! ${option} takes one address only`, ...given(raw, option, raw.text));
    return [undefined];
  }
  const read = words.map((word) => readAddressMask(word, family));
  const wrong = words.find((_, i) => read[i] === undefined);
  if (wrong !== undefined) {
    const names = 'host names are resolved only when rules are loaded';
    const text = `${option} ${bare(wrong)}: expected an IPv${family} address, or address/mask (${names})`;
    bad('bad-value', text, ...given(raw, option, raw.text));
    return [undefined];
  }
  return read.map((address) => {
    if (!address) return undefined;
    const any = typeof address.mask === 'number' ? address.mask === 0 : address.mask === 0n;
    return any && !raw.invert ? undefined : { invert: raw.invert, ...address };
  });
}

export function readInterface(
  option: '-i' | '-o',
  raw: Given | undefined,
  bad: Bad,
): InterfaceMatch | undefined {
  if (!raw) return undefined;
  if (new TextEncoder().encode(raw.text).length > MAX_INTERFACE_NAME) {
    return bad(
      'bad-value',
      `${option} ${bare(raw.text)}: an interface name has at most ${MAX_INTERFACE_NAME} characters`,
      ...given(raw, option, raw.text),
    );
  }
  const wildcard = raw.text.endsWith('+');
  const name = wildcard ? raw.text.slice(0, -1) : raw.text;
  if (name === '' && !raw.invert) return undefined;
  return { invert: raw.invert, name, wildcard };
}
