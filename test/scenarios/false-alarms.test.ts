import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Analysis } from '../../src/report/analysis.ts';
import { analyzeFiles } from '../support/expectation.ts';

/**
 * What looks like a fault and is none. Each row names recordings that hold it: `shown` is a check that was made while it was
 * recorded, so that a new recording without it fails here.
 */
const ROWS: readonly { readonly alarm: string; readonly bundle: string; readonly shown: RegExp }[] = [
  { alarm: 'checksums left to the device', bundle: 'healthy-six-taps', shown: /eth0.*tcp and greater 5000/ },
  { alarm: 'frames larger than the MTU', bundle: 'healthy-six-taps', shown: /eth0.*tcp and greater 5000/ },
  { alarm: 'one packet at many points', bundle: 'healthy-six-taps', shown: /any.*203\.0\.113\.71/ },
  { alarm: 'a bridge captured with -p', bundle: 'healthy-six-taps', shown: /br-app.* has no/ },
  { alarm: 'a small snaplen', bundle: 'healthy-six-taps', shown: /port-app/ },
  {
    alarm: 'translated here, not yet there',
    bundle: 'healthy-filtered-captures',
    shown: /has no `port 8085`/,
  },
  { alarm: 'a capture filter', bundle: 'healthy-filtered-captures', shown: /has no `not port 8085`/ },
  { alarm: 'begun late, ended early', bundle: 'healthy-filtered-captures', shown: /late.* has no `icmp`/ },
  { alarm: 'begun in mid-flow', bundle: 'healthy-joined-mid-flow', shown: /has no `tcp\[13\] & 3/ },
  { alarm: 'one direction only', bundle: 'healthy-joined-mid-flow', shown: /has no `src host 172/ },
  { alarm: 'packets lost by the capture', bundle: 'healthy-lossy-capture', shown: /lost \d+ packets/ },
  { alarm: 'clocks that differ', bundle: 'healthy-two-clocks', shown: /ens3/ },
  { alarm: 'fewer ICMP errors than drops', bundle: 'healthy-traceroute', shown: /icmp-unreach/ },
  { alarm: 'ICMP redirects', bundle: 'healthy-traceroute', shown: /icmp-redirect/ },
  { alarm: 'time exceeded on purpose', bundle: 'healthy-traceroute', shown: /icmp-timxceed/ },
  { alarm: 'ARP for absent machines', bundle: 'healthy-chatty-lan', shown: /arp\[24:4\]/ },
  { alarm: 'STP, LLDP, mDNS, SSDP, VRRP', bundle: 'healthy-chatty-lan', shown: /0x88cc/ },
  { alarm: 'NXDOMAIN, no AAAA', bundle: 'healthy-chatty-lan', shown: /udp src port 53/ },
  { alarm: 'keep-alives, closed windows', bundle: 'healthy-odd-endings', shown: /tcp\[14:2\] == 0/ },
  { alarm: 'half-open checks, RST after close', bundle: 'healthy-odd-endings', shown: /tcp\[13\] & 4 != 0/ },
  { alarm: 'recovered losses, wrong order', bundle: 'healthy-rough-path', shown: /TcpRetransSegs is \d+/ },
  { alarm: 'docker0 without containers', bundle: 'healthy-docker-idle', shown: /docker0.* has no/ },
  { alarm: 'FORWARD DROP with accepts', bundle: 'healthy-docker-idle', shown: /virbr0/ },
  { alarm: 'networks kept apart', bundle: 'healthy-docker-shop', shown: /10\.211\.2\.3/ },
  { alarm: 'ways that differ, loose rp_filter', bundle: 'healthy-two-uplinks', shown: /isp1.* has no/ },
  { alarm: 'dumps of a later day', bundle: 'healthy-asked-since-yesterday', shown: /after it was made anew/ },
  { alarm: 'datagrams that nobody answers', bundle: 'healthy-one-way-traffic', shown: /has no `icmp`/ },
  { alarm: 'strangers that scan', bundle: 'healthy-scanned-host', shown: /has no `src port 3389/ },
  { alarm: 'all of it, at noon', bundle: 'healthy-busy-host', shown: /[5-9]\d{4} packets in both/ },
];

/** True, and nobody's fault: a DHCP server looks whether somebody has an address before it offers it. */
const WARNINGS: Readonly<Record<string, readonly string[]>> = { 'healthy-chatty-lan': ['neigh-failed'] };

const analyses = new Map<string, Promise<Analysis>>();

function analysisOf(bundle: string): Promise<Analysis> {
  const known = analyses.get(bundle) ?? analyzeFiles(join('captures', bundle, 'bundle'));
  analyses.set(bundle, known);
  return known;
}

describe('no alarm for', () => {
  it.each(ROWS)(
    '$alarm ($bundle)',
    async ({ bundle, shown }) => {
      const { verified } = JSON.parse(readFileSync(join('captures', bundle, 'expect.json'), 'utf8')) as {
        verified: string[];
      };
      expect(verified.some((line) => shown.test(line))).toBe(true);
      const { findings } = await analysisOf(bundle);
      const told = findings
        .filter(
          ({ severity, cause }) =>
            severity === 'error' || (severity === 'warning' && !WARNINGS[bundle]?.includes(cause)),
        )
        .map(({ cause, title }) => `${cause}: ${title}`);
      expect(told).toEqual([]);
    },
    300_000,
  );
});

describe('what is meant to fail is told, and is nobody’s fault', () => {
  const meant = [
    ['healthy-scanned-host', 'flt-input-drop', 250],
    ['healthy-scanned-host', 'flt-reject', 10],
    ['healthy-traceroute', 'ttl-expired', 3],
  ] as const;
  it.each(meant)('%s: %s', async (bundle, cause, least) => {
    const { findings } = await analysisOf(bundle);
    const [finding] = findings.filter((each) => each.cause === cause);
    expect(finding).toMatchObject({ severity: 'info', fix: { commands: [] } });
    expect(finding?.flows.length).toBeGreaterThanOrEqual(least);
  });
});
