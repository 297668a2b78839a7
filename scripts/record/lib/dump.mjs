/** Command outputs of a namespace, in the bundle's layout (docs: the bundle). */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Settings the packet's path depends on; a whole `sysctl -a` is 40 kB of other things. */
const SYSCTLS =
  'net[.](ipv4[.](ip_forward|ip_local_(port_range|reserved_ports)|tcp_tw_reuse|icmp_echo_ignore_all|conf[.].*[.](forwarding|rp_filter|route_localnet|proxy_arp|arp_ignore|arp_announce|accept_local|send_redirects|disable_policy))' +
  '|ipv6[.]conf[.].*[.](forwarding|disable_ipv6|accept_ra)$|bridge[.]bridge-nf|netfilter[.]nf_conntrack_(max|checksum|count|tcp_timeout_established|udp_timeout.*|tcp_be_liberal|tcp_loose)$)';

/** name → command for `text`, and for `json` where the tool has it. */
const DUMPS = {
  'ip-addr': { text: 'ip addr show', json: 'ip -d -j addr show' },
  'ip-link': { text: 'ip -d link show', json: 'ip -d -j link show' },
  'ip-route': { text: 'ip route show table all', json: 'ip -d -j route show table all' },
  'ip6-route': { text: 'ip -6 route show table all', json: 'ip -6 -d -j route show table all' },
  'ip-rule': { text: 'ip rule show', json: 'ip -j rule show' },
  'ip6-rule': { text: 'ip -6 rule show', json: 'ip -6 -j rule show' },
  'ip-neigh': { text: 'ip neigh show', json: 'ip -j neigh show' },
  'bridge-link': { text: 'bridge link show', json: 'bridge -d -j link show' },
  'bridge-fdb': { text: 'bridge fdb show', json: 'bridge -j fdb show' },
  'iptables-save': { text: 'iptables-save -c' },
  'ip6tables-save': { text: 'ip6tables-save -c' },
  'iptables-legacy-save': { text: 'iptables-legacy-save -c' },
  'nft-ruleset': { text: 'nft list ruleset', json: 'nft -j -a list ruleset' },
  sysctl: { text: `sysctl -a -r '${SYSCTLS}'` },
  'sysctl-all': { text: "sysctl -a -r '^net[.]'", file: 'sysctl' },
  ss: { text: 'ss -lntup' },
  'ss-all': { text: 'ss -antup', file: 'ss' },
  conntrack: { text: 'conntrack -L -o extended' },
  'conntrack-stats': { text: 'conntrack -S' },
  nstat: { text: 'nstat -as' },
  'nstat-all': { text: 'nstat -azs', file: 'nstat' },
  'ip-s-link': { text: 'ip -s link show', json: 'ip -s -j link show' },
  'tc-qdisc': { text: 'tc -s qdisc show', json: 'tc -s -j qdisc show' },
  'ebtables-save': { text: 'ebtables-save -c' },
  'arptables-save': { text: 'arptables-save -c' },
  'ipset-list': { text: 'ipset list' },
  route: { text: 'route -n' },
  'brctl-show': { text: 'busybox brctl show' },
};

const ALWAYS = ['ip-addr', 'ip-route', 'ip-rule', 'ip-neigh', 'sysctl', 'nstat'];
/** What a dump holds when nothing particular is asked for. */
export const USUAL = {
  host: [...ALWAYS, 'bridge-link', 'bridge-fdb', 'iptables-save', 'ss', 'conntrack'],
  other: [...ALWAYS, 'ss'],
};

/**
 * Writes the dumps of a namespace; a command that prints nothing leaves no file.
 *
 * @param {{ form?: 'json' | 'text', only?: string[], plus?: string[], suffix?: string }} options suffix: `-before` in sysctl-before.txt
 * @returns {Promise<string[]>} the files written
 */
export async function dumpNamespace(namespace, bundle, { form = 'json', only, plus = [], suffix = '' } = {}) {
  const folder = join(bundle, namespace.host ?? '', 'namespaces', namespace.name);
  mkdirSync(folder, { recursive: true });
  const names = [...(only ?? (namespace.name === 'host' ? USUAL.host : USUAL.other)), ...plus];
  const written = [];
  const dumps = names.map((name) => {
    const dump = DUMPS[name];
    if (dump === undefined) throw new Error(`no dump is called ${name}`);
    const json = form === 'json' && dump.json !== undefined;
    return {
      file: `${dump.file ?? name}${suffix}.${json ? 'json' : 'txt'}`,
      // Notes such as conntrack's count go to standard error, and so do settings that sysctl may not read.
      command: `${json ? dump.json : dump.text} 2>/dev/null`,
    };
  });
  // One shell for all of them; what each printed ends with a NUL.
  const script = dumps.map(({ command }) => `${command} || :; printf '\\000'`).join('\n');
  const { code, output: all } = await namespace.attempt(script, 20 * dumps.length);
  if (code !== 0) throw new Error(`${namespace.title}: the dumps ended with ${code}`);
  const outputs = all.split('\0');
  for (const [index, { file }] of dumps.entries()) {
    const output = outputs[index];
    if (output.trim() === '') continue;
    writeFileSync(join(folder, file), output);
    written.push(file);
  }
  for (const [path, text] of namespace.files) {
    const file = path.split('/').pop();
    writeFileSync(join(folder, file), text);
    written.push(file);
  }
  return written;
}
