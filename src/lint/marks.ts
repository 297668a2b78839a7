/** Packet marks in rules: which bits are set, and who asks for them. */
import { isUnparsed } from '../xtables/extension.ts';
import type { Rule } from '../xtables/rule.ts';
import { matchInfo } from './rules.ts';

export interface Bits {
  readonly value: number;
  readonly mask: number;
}

/** What a MARK rule makes of the mark: (mark & ~mask) ^ value. */
export function markSet({ target }: Rule): Bits | undefined {
  if (target?.kind !== 'extension' || target.name !== 'MARK' || isUnparsed(target.info)) return undefined;
  return target.info as Bits;
}

/** Targets that look at the packet's mark. */
const READING = new Set(['CONNMARK', 'CT', 'HMARK', 'NFQUEUE', 'SET', 'TPROXY', 'TEE', 'CLASSIFY', 'IPMARK']);

/** The rule may look at the packet's mark, or what it leads to may. */
export function readsMark(rule: Rule): boolean {
  if (matchInfo<Bits>(rule, 'mark')) return true;
  if (rule.matches.some(({ name, info }) => isUnparsed(info) || READING_MATCHES.has(name))) return true;
  const { target } = rule;
  if (target?.kind === 'jump' || target?.kind === 'goto') return true;
  return target?.kind === 'extension' && (isUnparsed(target.info) || READING.has(target.name));
}

const READING_MATCHES = new Set(['mark', 'set', 'bpf', 'u32', 'socket', 'rpfilter']);
