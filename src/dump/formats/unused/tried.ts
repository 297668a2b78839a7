/** What one program got to see of the network: nothing of its state. */
import { lazily } from '../../../base/memo.ts';
import type { Unused } from './unused.ts';

export const TRIED = lazily((): readonly Unused[] => [
  {
    id: 'ping',
    command: 'ping',
    why: 'says what one program got to see; a capture of it (`tcpdump -w`) shows the packets',
    tells:
      /^\s*PING \S+ ?\(\S+\)|^\s*PING \S+: \d+ data bytes|^\s*PING6? [0-9a-f:]+\(|^\s*\d+ bytes from \S+ (?:\(\S+\): )?(?:icmp_)?seq=|^\s*From \S+ (?:\(\S+\) )?icmp_seq=\d+ |^\s*\d+ packets transmitted, \d+ |^\s*ping6?: /,
    commands: /^(?:ping6?|fping) /,
  },
  {
    id: 'dig',
    command: 'dig',
    why: 'says what one program got to see; a capture of it shows the packets, and `/etc/resolv.conf` whom it asks',
    tells:
      /^; <<>> DiG |^;; (?:ANSWER SECTION|connection timed out|communications error|no servers could be reached|UDP setup with)|^Server:\s+\S+$|^Non-authoritative answer:|^\*\* server can't find |^Host \S+ not found: \d|^\S+ has (?:IPv6 )?address \S+\s*$/,
    commands: /^(?:dig|nslookup|host|getent|drill|resolvectl query) /,
  },
  {
    id: 'curl',
    command: 'curl',
    why: 'says what one program got to see; a capture of it (`tcpdump -w`) shows the packets',
    tells:
      /^(?: *\d+ +\d+ .*)?\*\s+(?:Trying \S+|Connected to |connect to |Connection timed out|Could not resolve host)|(?:^|\s)curl: \(\d+\) |^--\d{4}-\d\d-\d\d \d\d:\d\d:\d\d-- {2}https?:|^wget: /,
    commands: /^(?:curl|wget|http) /,
  },
  {
    id: 'nc',
    command: 'nc',
    why: 'says what one program got to see; a capture of it (`tcpdump -w`) shows the packets',
    tells:
      /^(?:nc: |Ncat: |Connection to \S+ \S+ port .*(?:succeeded|failed|refused)|\(UNKNOWN\) \[\S+\] \d+|Trying [\d.:a-f]+\.\.\.\s*$|telnet: )/,
    commands: /^(?:nc|ncat|netcat|telnet) /,
  },
  {
    id: 'arping',
    command: 'arping',
    why: 'says who answered one ARP request; a capture of it shows the frames, and `ip neigh` what is known',
    tells: /^ARPING \S+/,
    commands: /^arping /,
  },
]);
