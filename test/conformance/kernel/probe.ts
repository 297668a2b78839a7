/** Chains of our own at the edges of the hooks: they switch the kernel's trace on and show the packet where nothing else would. */

export const PROBE_TABLE = 'nettrace_probe';

const FIRST = -460;
/** Right behind conntrack (-200): chains of a case may stand between it and mangle. */
const TRACKED = -199;
/** Only the confirmation comes later. */
const LAST = 0x7fffffff - 1;

/** Group reports and solicitations that a fresh interface sends by itself would count at the rules of the case. */
const OWN_BUSINESS = `ip6 daddr ff00::/8 icmpv6 type { mld-listener-report, mld-listener-done, mld2-listener-report, nd-router-solicit } drop
ip daddr 224.0.0.0/4 meta l4proto igmp drop
`;

/** Where each chain stands; `tracked` ones show what conntrack said. */
const CHAINS = [
  { name: 'arrive', hook: 'prerouting', priority: FIRST, rule: 'meta nftrace set 1' },
  { name: 'send', hook: 'output', priority: FIRST, rule: `${OWN_BUSINESS}meta nftrace set 1` },
  { name: 'tracked_in', hook: 'prerouting', priority: TRACKED },
  { name: 'tracked_out', hook: 'output', priority: TRACKED },
  { name: 'delivered', hook: 'input', priority: LAST },
  { name: 'left', hook: 'postrouting', priority: LAST },
] as const;

export const PROBE = `table inet ${PROBE_TABLE} {
${CHAINS.map(
  (chain) =>
    `chain ${chain.name} { type filter hook ${chain.hook} priority ${chain.priority}; policy accept;\n${'rule' in chain ? chain.rule : ''}\n}`,
).join('\n')}
}
`;
