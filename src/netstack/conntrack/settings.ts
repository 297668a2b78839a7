/** Timeouts and switches of conntrack (Documentation/networking/nf_conntrack-sysctl.rst). */
import type { TcpSettings } from './tcp-window.ts';

export interface ConntrackSettings {
  readonly checksum: boolean;
  /** Entries that the table holds at most; 0 is no limit. */
  readonly max: number;
  readonly tcp: TcpSettings;
  /** Seconds, by the sysctl's name: `icmp`, `udp_stream`, `sctp_established` … */
  timeout(name: string): number;
}

/** Where a kernel older than the setting had it in its code. */
const FALLBACK: Readonly<Record<string, number>> = {
  generic: 600,
  icmp: 30,
  icmpv6: 30,
  udp: 30,
  udp_stream: 120,
  gre: 30,
  gre_stream: 180,
  sctp_closed: 10,
  sctp_cookie_wait: 3,
  sctp_cookie_echoed: 3,
  sctp_established: 210,
  sctp_shutdown_sent: 3,
  sctp_shutdown_recd: 3,
  sctp_shutdown_ack_sent: 3,
  sctp_heartbeat_sent: 30,
};

export function conntrackSettings(sysctl: (name: string) => string | undefined): ConntrackSettings {
  const cache = new Map<string, number>();
  const number = (leaf: string, fallback: number): number => {
    const known = cache.get(leaf);
    if (known !== undefined) return known;
    const parsed = Number(sysctl(`net.netfilter.nf_conntrack_${leaf}`) ?? Number.NaN);
    const value = Number.isFinite(parsed) ? parsed : fallback;
    cache.set(leaf, value);
    return value;
  };
  return {
    checksum: number('checksum', 1) !== 0,
    max: number('max', 0),
    tcp: {
      loose: number('tcp_loose', 1) !== 0,
      liberal: number('tcp_be_liberal', 0) !== 0,
      ignoreInvalidRst: number('tcp_ignore_invalid_rst', 0) !== 0,
      maxRetransmissions: number('tcp_max_retrans', 3),
      // A simultaneous open has no setting of its own and stays at the default of a first SYN.
      timeout: (name) =>
        name === 'syn_sent2' ? 120 : number(`tcp_timeout_${name}`, name === 'established' ? 432000 : 120),
    },
    timeout(name) {
      const [protocol = '', ...rest] = name.split('_');
      const leaf = rest.length === 0 ? `${protocol}_timeout` : `${protocol}_timeout_${rest.join('_')}`;
      return number(leaf, FALLBACK[name] ?? 600);
    },
  };
}
