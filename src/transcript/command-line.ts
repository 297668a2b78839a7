/** Which line of a paste is a command somebody typed: by its prompt, or by what it says. */
import { lazily } from '../base/memo.ts';
import { PROMPT } from '../dump/prompt.ts';
import { innerCommand } from './wrapper.ts';

export interface CommandLine {
  /** Behind the prompt. */
  readonly text: string;
  /** Blanks in front of the line: its output is indented as far. */
  readonly indent: number;
  /** The machine (or container) that the prompt names. */
  readonly host?: string;
  /** A busybox prompt: `/ # `. Only containers and small systems have it. */
  readonly busybox?: true;
  /** A mere `#`: root's prompt, or a remark that holds a command. */
  readonly doubtful?: true;
}

/** Prompts that can be nothing else, whatever is typed behind them, each with a sign that it has: most lines have none of these. */
const STRONG: readonly (readonly [sign: string, pattern: () => RegExp])[] = [
  // user@host:~$ , [user@host dir]# , (venv) user@host ~ % , with a clock before it
  [
    '@',
    () =>
      /^(?:\[?\d{1,2}:\d\d(?::\d\d)?\]?\s+)?(?:\([^)\s]{1,40}\)\s*)?\[?[\w.-]{1,64}@(?<host>[\w.-]{1,64})[^\S\n]?[^\s$#%>]{0,128}(?:\s[^\s$#%>]{1,64})?\]?\s?[$#%❯➜>]\s+(?=\S)/u,
  ],
  ['@', () => /^\[?[\w.-]{1,64}@(?<host>[\w.-]{1,64}):[^\s$#%>]{1,128}\]?[$#](?=[a-z])/u],
  ['$ ', () => /^\$ (?=\S)/],
  ['➜', () => /^➜\s+(?:(?:~|\S{1,64})\s+(?:git:\([^)\s]{0,64}\)\s+(?:✗\s+)?)?)(?=\S)/u],
  ['❯', () => /^❯\s+(?:[~/]\S{0,64}\s+)?(?=\S)/u],
  ['sh-', () => /^(?:ba|da|k|z)?sh-\d[\d.]*[$#]\s*(?=\S)/],
  ['+', () => /^\+{1,2} (?=[a-z/])/],
];
const BUSYBOX = /^(?:\/|~)(?:[\w/.-]{0,128}) [#$] (?=\S)/;

/** Every prompt has one of these. Most lines are output, and have none. */
const SIGN = /[$#%>❯➜]|^\+/;

/** First words of what PLAUSIBLE knows and of what may stand before it; none of them matters of a line that begins otherwise. */
const FIRST_WORDS = lazily(
  () =>
    new Set(
      `sudo doas time exec command nohup env ip bridge brctl nft ipset sysctl echo cat head tail grep ls less more ss netstat arp
      route nstat ps ifconfig conntrack ethtool tc journalctl docker docker-compose podman nerdctl k3s kubectl oc lxc incus ssh
      nsenter unshare sh bash dash zsh ash ksh ping ping6 traceroute traceroute6 tracepath mtr arping curl wget telnet nc ncat dig
      nslookup host tcpdump systemctl service ufw firewall-cmd modprobe apt apt-get yum dnf apk xtables-monitor`.split(
        /\s+/,
      ),
    ),
);
/** Of families of programs: `iptables-save`, `arptables-nft`. */
const FIRST_BEGINNINGS = ['iptables', 'ip6tables', 'ebtables', 'arptables', 'lsns', 'dmesg'];

/** Whether a line may be a command: a `/` begins a path to one of them, an `=` a variable's setting. */
function mayBegin(text: string): boolean {
  const [first = ''] = text;
  if (first === '/') return true;
  const [word = ''] = text.split(/\s/, 1);
  if (first >= 'a' && first <= 'z')
    return FIRST_WORDS().has(word) || FIRST_BEGINNINGS.some((beginning) => word.startsWith(beginning));
  return word.includes('=') && /^[A-Z_][A-Z0-9_]*=/.test(word);
}

/** Programs, and the beginnings of their arguments that no sentence has. */
const PLAUSIBLE = lazily((): readonly RegExp[] => [
  /^ip (?:-\S+ (?:inet6? )?)*(?:a|addr|address|l|li|link|r|ro|route|ru|rule|n|nei|neigh|neighbou?r|netns|nexthop|tunnel|maddr|vrf|xfrm)(?= |$)(?: (?:-\S*|s|sh|show|l|ls|li|list|list-id|lst|table|dev|get|a|add|d|del|delete|set|replace|change|append|flush|exec|attach|pids|identify|save|up|[\d:]\S*)(?= |$)| ?\||$)/,
  /^bridge (?:-\S+ )*(?:l|link|fdb|mdb|v|vlan|monitor)(?= |$)(?: (?:s|sh|show|set|add|del|append|replace|br|dev)(?= |$)|$)/,
  /^brctl (?:show\w*|addbr|delbr|addif|delif|stp|setfd|setageing|hairpin|setportprio|setpathcost)(?= |$)/,
  /^(?:ip6?tables(?:-legacy|-nft)?) (?:.* )?-(?:[ADIRPFNXEZCLS]|-\w)/,
  /^ip6?tables(?:-legacy|-nft)?-(?:save|restore)(?= |$)/,
  /^(?:ebtables|arptables)(?:-legacy|-nft)?(?:-save|-restore)?(?: -|$)/,
  /^nft (?:-\S+ )*(?:list|add|insert|delete|flush|create|replace|destroy|monitor|-f)(?= |$)/,
  /^ipset (?:list|save|create|add|del|destroy|flush|swap|rename|restore|test|-\S)/,
  /^sysctl (?:-|[a-z0-9_]+[./][\w./-]+)/,
  /^echo .*(?:>|\| ?(?:sudo )?tee(?: -a)?) ?\/proc\/sys\//,
  /^(?:cat|head|tail|grep|ls|less|more) (?:.* )?\/(?:proc|etc|sys|var|run)\//,
  /^ss(?: -|$)/,
  /^netstat(?: -|$)/,
  /^(?:arp|route|nstat|lsns|ps|ifconfig)(?: -|$)/,
  /^(?:ps aux|ps ef|route (?:add|del)|conntrack -|lsns|ethtool -?\w+|tc (?:-\S+ )*(?:qdisc|filter|class)|dmesg|journalctl -)/,
  /^ifconfig (?:-?\w[\w.@:-]*)(?: (?:[\d:.a-f]+(?:\/\d+)?|up|down|netmask|mtu|hw|add|del|-?arp|-?promisc)(?= |$))*$/,
  /^(?:docker|podman|nerdctl) (?:ps|run|exec|inspect|network|container|rm|start|stop|restart|compose|version|info|logs|port|pull|build|images)(?= |$)/,
  /^(?:ping6?|traceroute6?|tracepath|mtr|arping) (?:-\w+ (?:\S+ )?)*[\w.:-]*[.:\d][\w.:-]*$/,
  /^(?:curl|wget|telnet|nc|ncat|dig|nslookup|host) (?:-|\S*[./:])/,
  /^tcpdump -/,
  /^(?:nsenter|unshare) -/,
  /^(?:systemctl|service|ufw|firewall-cmd|modprobe|apt(?:-get)?|yum|dnf|apk) [\w-]/,
  /^xtables-monitor(?: -|$)/,
]);

/** `fenced`: a code block, where a bare line is more likely a command than a sentence. */
export function commandLine(line: string, fenced: boolean): CommandLine | undefined {
  if (line.length > 4000) return undefined;
  const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  const trimmed = line.slice(indent).trimEnd();
  // Nor does a command begin as the lines of `ip addr` do, which have signs of prompts.
  if (trimmed === '' || /^\d+: /.test(trimmed)) return undefined;
  if (SIGN.test(trimmed)) {
    for (const [sign, pattern] of STRONG) {
      const match = trimmed.includes(sign) ? pattern().exec(trimmed) : null;
      if (!match) continue;
      const host = match.groups?.host;
      const text = trimmed.slice(match[0].length);
      if (isSentence(match[0], text)) return undefined;
      return { text, indent, ...(host === undefined ? {} : { host }) };
    }
    const busybox = BUSYBOX.exec(trimmed);
    if (busybox) return { text: trimmed.slice(busybox[0].length), indent, busybox: true };
    const prompt = PROMPT.exec(trimmed)?.[0] ?? '';
    const behind = trimmed.slice(prompt.length);
    if (behind !== '' && prompt !== '' && isCommand(behind))
      return { text: behind, indent, ...(/^#/.test(prompt) && { doubtful: true }) };
    if (prompt !== '' && /^#\s/.test(trimmed)) return undefined;
  }
  if (isBare(trimmed, fenced)) return { text: trimmed, indent };
  return undefined;
}

/** A sum of money, a shell variable or a Markdown quote is no prompt. */
function isSentence(prompt: string, text: string): boolean {
  return prompt === '$ ' && /^[\d,.]+(?:\s|$)/.test(text);
}

/** Is it a command by its words alone? What is in front of it (sudo, `ip netns exec NS`) is taken off. */
export function isCommand(text: string): boolean {
  const bare = text.trimStart();
  if (bare !== '' && !mayBegin(bare)) return false;
  const { text: inner } = innerCommand(text);
  const words = withoutComment(inner);
  if (!/^[\x20-\x7e\t]*$/.test(words)) return false;
  return inner === '' || PLAUSIBLE().some((pattern) => pattern.test(words));
}

/** Without a prompt: in prose `ip route add - what it does` is no command. */
function isBare(text: string, fenced: boolean): boolean {
  if (!mayBegin(text.trimStart())) return false;
  if (/ [-–—:=] |[=-]>/.test(withoutComment(text).replace(/'[^']*'|"[^"]*"/g, '')) && !fenced) return false;
  if (/^(?:sudo|doas) \S/.test(text)) return isCommand(text);
  return isCommand(text) && !/^(?:ps|route|host|dmesg|lsns|ifconfig|arp|nstat|ss|netstat)$/.test(text);
}

/** A command's words without the comment behind them. */
export function withoutComment(text: string): string {
  return text.replace(/(?<=\s)#.*$/, '').trimEnd();
}

/** The line goes on: a backslash at its end, outside a comment. */
export function continues(text: string): boolean {
  return /\\\s*$/.test(text);
}
