/** What of a dump is state: without what changes with every packet and every second. */

/** Of a file that tells how the host is set up; undefined: of one that only counts, or lists what comes and goes with traffic. */
export function essenceOf(file: string, text: string): string | undefined {
  const form = FORMS.find(({ name }) => name.test(file));
  return form?.essence(text);
}

interface Form {
  readonly name: RegExp;
  readonly essence: (text: string) => string;
}

const FORMS: readonly Form[] = [
  { name: /^ip6?tables(-legacy)?-save\.txt$/, essence: withoutSaveCounters },
  { name: /^(eb|arp)tables-save\.txt$/, essence: withoutSaveCounters },
  { name: /^nft-ruleset\.json$/, essence: withoutJsonCounters },
  {
    name: /^nft-ruleset\.txt$/,
    essence: (text) => text.replace(/packets \d+ bytes \d+/g, 'packets 0 bytes 0'),
  },
  { name: /^ip-addr\.json$/, essence: withoutJsonTimers },
  { name: /^ip-addr\.txt$/, essence: withoutTextTimers },
  { name: /^ip6?-route\.(json|txt)$/, essence: withoutRouteTimers },
  { name: /^(ip6?-rule|ip-nexthop|bridge-vlan|bridge-link)\.(json|txt)$/, essence: (text) => text },
  { name: /^sysctl\.txt$/, essence: withoutCountingSettings },
  { name: /^(podman-)?(containers|networks)\.json$/, essence: (text) => text },
];

/** Lines of time, `[12:3456]` of rules and policies. */
function withoutSaveCounters(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .map((line) => line.replace(/^\[\d+:\d+\] /, '').replace(/ \[\d+:\d+\]$/, ''))
    .join('\n');
}

function withoutJsonCounters(text: string): string {
  return text.replace(/"(packets|bytes|expires|used)": ?\d+/g, '"$1": 0');
}

/** Timers of bridges, lifetimes of addresses, and how many listen to all of a device: this program does. */
function withoutJsonTimers(text: string): string {
  return text
    .replace(/"(promiscuity|allmulti)": ?\d+/g, '"$1":0')
    .replace(/"(\w+_timer|valid_life_time|preferred_life_time)": ?[\d.]+/g, '"$1":0')
    .replace(/"(topology_change|topology_change_detected)": ?\d+/g, '"$1":0');
}

function withoutTextTimers(text: string): string {
  return text.replace(/\b(valid_lft|preferred_lft|promiscuity|allmulti) \w+|\b(\w+_timer) +[\d.]+/g, '$1$2');
}

/** Routes with an end, and what a cache learnt. */
function withoutRouteTimers(text: string): string {
  return text.replace(/"expires": ?\d+|\bexpires \w+/g, 'expires');
}

/** How many connections there are, and how many sockets' memory, stand among the settings. */
function withoutCountingSettings(text: string): string {
  return text
    .split('\n')
    .filter((line) => !/nf_conntrack_count|tcp_mem|udp_mem|random|uuid|boot_id/.test(line))
    .join('\n');
}
