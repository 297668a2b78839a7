/** One chain of so many rules, of which a packet that none of them takes has to be held against each. */
import { FILTER_POLICIES, table } from './table.mjs';

/** `--dport` from 1 on; a port of 60,001 and more meets none of up to 60,000 rules. */
export function linearPorts(rules, chain = 'FORWARD') {
  const lines = Array.from(
    { length: rules },
    (_, index) => `-A ${chain} -p udp -m udp --dport ${1 + (index % 60000)} -j DROP`,
  );
  return table('filter', FILTER_POLICIES, [], lines);
}

/** `-s` of single addresses of 100.64.0.0/10. */
export function linearSources(rules, chain = 'FORWARD') {
  const lines = Array.from({ length: rules }, (_, index) => {
    const address = `100.${64 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
    return `-A ${chain} -s ${address}/32 -j DROP`;
  });
  return table('filter', FILTER_POLICIES, [], lines);
}
