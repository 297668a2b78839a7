/** The captures that are measured. Each is made once; a new `version` makes it anew. */
import { firewall } from '../rulesets/firewall.mjs';
import { writeFirewallDumps } from './firewall-dumps.mjs';
import { writeLan } from './lan.mjs';
import { writePoints } from './points.mjs';

/** Shares of flows that a firewall stops: SYNs nobody answers, resets, datagrams nobody answers. */
const FAILING = [
  ['synUnanswered', 0.004],
  ['synRefused', 0.003],
  ['udpUnanswered', 0.003],
];

const MIXED = [
  ['tcp', 0.49],
  ['tcp6', 0.1],
  ['tcpVlan', 0.05],
  ['udp', 0.06],
  ['dns', 0.18],
  ['dns6', 0.03],
  ['echo', 0.04],
  ['echo6', 0.01],
  ['arp', 0.02],
  ['fragments', 0.01],
  ['dataUnanswered', 0.002],
  ['synUnanswered', 0.004],
  ['synRefused', 0.002],
  ['udpUnanswered', 0.002],
];

/**
 * Many small packets through a firewall, with its dumps; `members`: of a set of banned sources that every packet is held against,
 * with timeouts and counters when it `isCounted`.
 */
export function writeSmall(folder, { packets, flows, rules = 1000, members, isCounted, seed = 2 }) {
  writeLan(folder, {
    ...{ seed, packets, flows, kinds: [['tcp', 0.79], ['udp', 0.2], ...FAILING] },
    ...{ gap: [2, 10], payload: [20, 60] },
  });
  writeFirewallDumps(folder, firewall(rules, members !== undefined), members, isCounted);
}

export const CAPTURES = {
  mixed: {
    title: '1 M mixed packets in 50,000 flows',
    version: 1,
    make: (folder, scale) =>
      writeLan(folder, {
        ...{ seed: 1, packets: 1e6 * scale, flows: 5e4 * scale, kinds: MIXED },
        ...{ gap: [20, 60], payload: [20, 400], concurrent: 4000 },
      }),
  },
  small: {
    title: '10 M packets of about 100 bytes in 500,000 flows, through a firewall of 1,000 rules',
    version: 1,
    make: (folder, scale) => writeSmall(folder, { packets: 1e7 * scale, flows: 5e5 * scale }),
  },
  large: {
    title: '1 M packets of 1,400 bytes',
    version: 1,
    make: (folder, scale) =>
      writeLan(folder, {
        ...{ seed: 3, packets: 1e6 * scale, flows: 2e3 * scale, kinds: [['tcp', 1]] },
        ...{ gap: [10, 30], payload: [1334, 1334], concurrent: 500 },
      }),
  },
  scattered: {
    title: '10 M packets in 5 M flows',
    version: 1,
    make: (folder, scale) => {
      writeLan(folder, {
        ...{
          seed: 5,
          packets: 1e7 * scale,
          flows: 5e6 * scale,
          kinds: [
            ['tcp', 0.01],
            ['dns', 0.99],
          ],
        },
        ...{ gap: [2, 10], payload: [20, 60] },
      });
      writeFirewallDumps(folder, firewall(1000));
    },
  },
  four: {
    title: 'four capture points of 2.5 M packets, through a bridge and MASQUERADE',
    version: 1,
    make: (folder, scale) =>
      writePoints(folder, { packets: 2.5e6 * scale, flows: 1.25e5 * scale, points: 4 }),
  },
  gigabytes: {
    title: 'the same four points, 10 M packets each',
    version: 1,
    make: (folder, scale) => writePoints(folder, { packets: 1e7 * scale, flows: 5e5 * scale, points: 4 }),
  },
  one: {
    title: 'one capture point of 10 M packets of the same shape',
    version: 1,
    make: (folder, scale) => writePoints(folder, { packets: 1e7 * scale, flows: 5e5 * scale, points: 1 }),
  },
  bundle: {
    title: 'a bundle of 100 packets',
    version: 1,
    make: (folder) => writePoints(folder, { packets: 25, flows: 2, points: 4 }),
  },
};
