/** Timeouts and switches of conntrack (Documentation/networking/nf_conntrack-sysctl.rst). */
import type { Family } from '../../net/ip.ts';
import type { TcpSettings } from './tcp-window.ts';

export interface ConntrackSettings {
  readonly checksum: boolean;
  readonly tcp: TcpSettings;
  /** Seconds an entry of that protocol lives: `stream` once packets went both ways for a while. */
  timeout(family: Family, protocol: number, stream: boolean): number;
}

export function conntrackSettings(sysctl: (name: string) => string | undefined): ConntrackSettings {
  const cache = new Map<string, number>();
  const number = (leaf: string, fallback: number): number => {
    const known = cache.get(leaf);
    if (known !== undefined) return known;
    const parsed = Number(sysctl(`net.netfilter.nf_conntrack_${leaf}`));
    const value = Number.isFinite(parsed) ? parsed : fallback;
    cache.set(leaf, value);
    return value;
  };
  return {
    checksum: number('checksum', 1) !== 0,
    tcp: {
      loose: number('tcp_loose', 1) !== 0,
      liberal: number('tcp_be_liberal', 0) !== 0,
      ignoreInvalidRst: number('tcp_ignore_invalid_rst', 0) !== 0,
      maxRetransmissions: number('tcp_max_retrans', 3),
      // A simultaneous open waits as long as the first SYN; there is no setting of its own.
      timeout: (name) =>
        number(
          `tcp_timeout_${name === 'syn_sent2' ? 'syn_sent' : name}`,
          name === 'established' ? 432000 : 120,
        ),
    },
    timeout: (family, protocol, stream) => {
      switch (protocol) {
        case 17:
        case 136:
          return stream ? number('udp_timeout_stream', 120) : number('udp_timeout', 30);
        case 47:
          return stream ? number('gre_timeout_stream', 180) : number('gre_timeout', 30);
        case 132:
          return stream ? number('sctp_timeout_established', 210) : number('sctp_timeout_cookie_wait', 3);
        case 1:
          return number('icmp_timeout', 30);
        case 58:
          return family === 6 ? number('icmpv6_timeout', 30) : number('generic_timeout', 600);
        default:
          return number('generic_timeout', 600);
      }
    },
  };
}
