/** One table as iptables-save prints it. */
export function table(name, policies, chains, rules) {
  const heads = [
    ...Object.entries(policies).map(([chain, policy]) => `:${chain} ${policy} [0:0]`),
    ...chains.map((chain) => `:${chain} - [0:0]`),
  ];
  return `*${name}\n${heads.join('\n')}\n${rules.length > 0 ? `${rules.join('\n')}\n` : ''}COMMIT\n`;
}

export const NAT_POLICIES = {
  PREROUTING: 'ACCEPT',
  INPUT: 'ACCEPT',
  OUTPUT: 'ACCEPT',
  POSTROUTING: 'ACCEPT',
};
export const FILTER_POLICIES = { INPUT: 'ACCEPT', FORWARD: 'ACCEPT', OUTPUT: 'ACCEPT' };
