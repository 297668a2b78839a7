/** Commands that change the state of the network, and those that print it. */
import { lazily } from '../base/memo.ts';
import { hintOfCommand } from '../dump/hint.ts';

const CHANGES = lazily((): readonly RegExp[] => [
  /^ip (?:-\S+ )*(?:l|li|link) (?:a|add|s|set|d|del|delete|c|change|replace) \S/,
  /^ip (?:-\S+ (?:inet6? )?)*(?:a|ad|addr|address) (?:a|add|c|change|chg|replace|d|del|delete|f|flush) \S/,
  /^ip (?:-\S+ (?:inet6? )?)*(?:r|ro|route) (?:a|add|append|c|change|chg|prepend|replace|d|del|delete|f|flush) \S/,
  /^ip (?:-\S+ (?:inet6? )?)*(?:ru|rule) (?:a|add|d|del|delete|f|flush)(?= |$)/,
  /^ip (?:-\S+ )*(?:n|nei|neigh|neighbou?r) (?:a|add|c|change|replace|d|del|delete|f|flush) \S/,
  /^ip (?:-\S+ )*netns (?:a|add|d|del|delete) \S/,
  /^bridge (?:-\S+ )*(?:l|link|fdb|vlan|mdb) (?:set|add|append|replace|d|del) \S/,
  /^brctl (?:addbr|delbr|addif|delif|stp|setfd|setageing|hairpin) \S/,
  /^ip6?tables(?:-legacy|-nft)? (?:.* )?(?:-[ADIRPFNXE]|--(?:append|delete|insert|replace|policy|flush|new-chain|new|delete-chain|rename-chain))(?= |$)/,
  /^sysctl (?:.* )?[\w./-]+ ?= ?\S/,
  /^(?:echo|printf) .*(?:>|\| ?(?:sudo )?tee(?: -a)?) ?\/proc\/sys\//,
  /^nft (?:-\S+ )*['"]?(?:add|insert|delete|flush|create|replace|destroy) \S/,
  /^ipset (?:-\S+ )*(?:create|add|del|destroy|flush|swap|rename|-[NADXFWE]) \S/,
  /^ifconfig [\w.@:-]+ \S/,
  /^route (?:-\S+ )*(?:add|del) \S/,
  /^arp (?:.* )?-[sd] \S/,
  /^conntrack (?:-[DF]|--delete|--flush)(?= |$)/,
]);

/** `text` without what stands in front of it (`innerCommand`). */
export function changes(text: string): boolean {
  return CHANGES().some((pattern) => pattern.test(text)) && !/(?:^| )(?:-h|--help|help)$/.test(text);
}

/** Its output is a dump that is read. */
export function shows(text: string): boolean {
  return !changes(text) && hintOfCommand(text) !== undefined;
}

/** Written down as a form to be filled in: `ip netns add {name}`, `ip link set <veth> up`, `NAME`, `...`. */
export function isPlaceholder(text: string): boolean {
  return /(?:^|[\s/])(?:\{[\w -]+\}|<[\w -]+>|\[[A-Za-z][\w -]*\]|\.{3}|…)(?:$|[\s/])/.test(text);
}
