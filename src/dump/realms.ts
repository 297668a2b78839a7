/** RTA_FLOW and FRA_FLOW: realm numbers as `ip route` and `ip rule` print them (print_rta_flow(), iproute2 ip/iproute.c). */
import { parseNumber } from './fields.ts';

/** Realm 0 has its name everywhere; other names stand in the host's /etc/iproute2/rt_realms. */
function parseRealm(word: string): number | undefined {
  const number = word === 'cosmos' ? 0 : parseNumber(word);
  return number === undefined || number > 0xffff ? undefined : number;
}

/** `4` or `3/4` (source, destination) as one number; undefined where a name is not known. */
export function parseRealms(text: string): number | undefined {
  const [first = '', second] = text.split('/');
  const from = second === undefined ? 0 : parseRealm(first);
  const to = parseRealm(second ?? first);
  return from === undefined || to === undefined ? undefined : ((from << 16) | to) >>> 0;
}

export function formatRealms(realms: number): string {
  const from = realms >>> 16;
  return from === 0 ? `realm ${realms & 0xffff}` : `realms ${from}/${realms & 0xffff}`;
}
