/** The line a dump's command was typed on, as people paste it above the output. */
export interface Echo {
  /** The command without prompt, sudo and `ip netns exec NS`: `ip -d addr show`. */
  readonly command: string;
  /** The namespace that `ip netns exec NS` or `ip -n NS` names, the container of `docker exec` or of the prompt. */
  readonly namespace?: string;
  /** The machine that the prompt names. */
  readonly host?: string;
}

/** `$ `, `# `, `root@host:~# `, `[root@host ~]$ `, `/ # `, `➜  ~ `, with or without a space behind the sign. */
export const PROMPT =
  /^(?:\([^)\s]{1,40}\)\s*)?(?:[❯➜]\s+(?:~|\S{1,64})(?:\s+git:\([^)\s]{0,64}\)(?:\s+✗)?)?\s(?=\s*\S)|\[?[\w.-]{1,64}@[^\s$#%>]{1,64}[^$#%>]{0,128}[$#%>]|[^\s$#%>]{0,64}\s?[$#%❯➜>]{1,2})\s*/u;
/** Every prompt has one of these. */
const SIGN = /[$#%>❯➜]/u;
const PROGRAM =
  /^(?:ip|bridge|ip6?tables(?:-legacy|-nft)?(?:-save)?|xtables-save|nft|sysctl|ss|netstat|ps|docker|podman|route|brctl|conntrack|nstat|cat|arp|ifconfig|ipset|lsns|ethtool|xtables-monitor|dmesg|journalctl|head|tail|grep|tc|lsof|ping6?|traceroute6?|tracepath|curl|wget|nc|dig|nslookup|getent|uname|kubectl|wg|firewall-cmd|resolvectl|systemctl|(?:eb|arp)tables(?:-legacy|-nft)?(?:-save)?|lsmod)$/;
const WRAPPER =
  /^(?:(?:sudo|doas)(?:\s+-[nEHS]+)*|time|LC_ALL=\S+|LANG=\S+|(?:\/(?:usr\/)?s?bin\/)?ip\s+netns\s+exec\s+(\S+)|nsenter((?:\s+-\S+|\s+\d+)+)|(?:docker|podman|nerdctl)\s+(?:container\s+)?exec(?:\s+-\S+)*\s+(\S+))\s+/;

/** What tells a command from a comment that begins with a program's name: its arguments. */
const ARGUMENTS =
  /^(?:(?:bridge|nft|ss|sysctl|netstat|ps|conntrack|nstat|arp|ipset|route|lsns|ethtool|lsof|head|tail|grep) -\S|\S+-save$|ip6?tables\S* (?:.* )?-\w*[LS]|\S+-save -\S|cat \/|(?:ss|ps|route|ifconfig|arp|nstat)$|brctl show|tc (?:-\S+ )*qdisc(?: |$)|ps aux|nft list|nft monitor|xtables-monitor$|dmesg$|dmesg [-|]|journalctl -|xtables-monitor -|sysctl net\.|ipset (?:save|list)|(?:docker|podman) (?:network |container )?(?:inspect|ps)|bridge (?:-\S+ )*(?:link|fdb|mdb|vlan)|ip (?:-\S+ )*(?:a|addr|address|l|link|r|ro|route|ru|rule|n|nei|neigh|neighbou?r|netns)(?: (?:-\S*|s|sh|show|l|ls|list|table|dev|get|add|del|replace|set)\b|$))/;

/**
 * Undefined when the line is no prompt with a known command. At the head of a file (`bare`) the command may stand without a
 * prompt. A mere `#` may be root's prompt or begin a comment: then the arguments must be a command's.
 */
export function parseEcho(line: string, bare: boolean): Echo | undefined {
  if (line.length > 600) return undefined;
  const trimmed = line.trim();
  const prompt = SIGN.test(trimmed) ? (PROMPT.exec(trimmed)?.[0] ?? '') : '';
  const doubtful = prompt === '' || prompt.startsWith('#');
  let command = trimmed.slice(prompt.length);
  if (prompt === '' && !bare && !/^(?:sudo|doas)\s/.test(command)) return undefined;
  let namespace: string | undefined;
  // What begins with a digit, a `*` or a `:` is output.
  if (!/^[\w/]/.test(command) || /^\d/.test(command)) return undefined;
  for (let wrapper = WRAPPER.exec(command); wrapper; wrapper = WRAPPER.exec(command)) {
    namespace = wrapper[1] ?? entered(wrapper[2]) ?? wrapper[3] ?? namespace;
    command = command.slice(wrapper[0].length);
  }
  const words = command.split(/\s+/);
  const program = (words[0] ?? '').replace(/^\/(?:usr\/)?(?:local\/)?s?bin\//, '');
  if (!PROGRAM.test(program)) return undefined;
  words[0] = program;
  if (doubtful ? !ARGUMENTS.test(words.join(' ')) : isOfRule(words)) return undefined;
  const named = words.indexOf('-n');
  if (program === 'ip' && named === 1) {
    namespace = words[2] ?? namespace;
    words.splice(1, 2);
  }
  const told = /@([\w.-]+)/.exec(prompt)?.[1];
  // A container is called by the first digits of its id.
  const container = told !== undefined && /^[0-9a-f]{12}$/.test(told) ? told : undefined;
  const place = namespace ?? container;
  return {
    command: words.join(' '),
    ...(place === undefined ? {} : { namespace: place }),
    ...(told === undefined || container !== undefined ? {} : { host: told.split('.')[0] ?? told }),
  };
}

/** `ip saddr 10.0.0.1 drop` and `arp operation request` of nft, with what looks like a prompt before them. */
function isOfRule([program, word = '', ...more]: readonly string[]): boolean {
  if (word === '' || word.startsWith('-')) return false;
  if (program === 'ip') return !IP_OBJECTS.some((name) => name.startsWith(word));
  return program === 'arp' && /^\w/.test(more[0] ?? '');
}

/** Which ip(8) takes by any beginning of them. */
const IP_OBJECTS =
  'address addrlabel route rule neighbor neighbour ntable ntbl link l2tp fou ila ioam macsec tunnel tunl tuntap tap token tcpmetrics tcp_metrics maddress monitor mptcp mroute mrule netns netconf nexthop sr stats vrf xfrm help'.split(
    ' ',
  );

/** The options of nsenter: a namespace's file, or a process in it, of which 1 is in the machine's own. */
function entered(options: string | undefined): string | undefined {
  if (options === undefined) return undefined;
  const file = /(?:--net=|-n=?)\/(?:\S*\/)?(\S+)/.exec(options);
  const pid = /\/proc\/(\d+)\/ns\/net/.exec(options)?.[1] ?? /(?:-t|--target)[= ]?(\d+)/.exec(options)?.[1];
  if (pid === undefined) return file?.[1];
  return pid === '1' ? 'host' : `pid-${pid}`;
}

/** A prompt with nothing typed behind it, or the end of a session: what a paste leaves below the output. */
export function isIdlePrompt(line: string): boolean {
  if (line.length > 200) return false;
  const trimmed = line.trim();
  // `veth1@veth2 UP … <BROADCAST,UP>` of `ip -br link`.
  if (/<[A-Z0-9_,-]*>$/.test(trimmed)) return false;
  if (trimmed === 'exit' || trimmed === 'logout') return true;
  const prompt = SIGN.test(trimmed) ? PROMPT.exec(trimmed)?.[0] : undefined;
  return prompt !== undefined && prompt.length === trimmed.length;
}
