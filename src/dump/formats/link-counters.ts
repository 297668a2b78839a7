/** Counters of devices: /proc/net/dev (dev_seq_printf_stats(), net/core/net-procfs.c) `ethtool -S`, `netstat -i`. */

import type { Issue } from '../../base/issue.ts';
import { wordTable } from '../../base/word-table.ts';
import { badLine, type Format, firstLine, type Parsed } from '../format.ts';
import type { Hint } from '../hint.ts';
import type { LinkCounters } from '../records.ts';
import type { DumpText } from '../text.ts';

const HEADER = /^\s*Inter-\|\s+Receive\s+\|\s+Transmit|^\s*face \|bytes\s+packets/;
const ROW = /^\s*([^\s:][^\s]*):\s*(\d[\d\s]*)$/;
/** By the names of `ip -s -s link`. */
const COLUMNS = [
  'rx_bytes',
  'rx_packets',
  'rx_errors',
  'rx_dropped',
  'rx_fifo_errors',
  'rx_frame_errors',
  'rx_compressed',
  'rx_multicast',
  'tx_bytes',
  'tx_packets',
  'tx_errors',
  'tx_dropped',
  'tx_fifo_errors',
  'tx_collisions',
  'tx_carrier_errors',
  'tx_compressed',
] as const;

export const procNetDev: Format = {
  id: 'proc-net-dev',
  command: 'cat /proc/net/dev',
  recognise: (text) => firstLine(text, HEADER),
  parse(text) {
    const issues: Issue[] = [];
    const devices: LinkCounters[] = [];
    text.lines.forEach((line, index) => {
      if (line.trim() === '' || HEADER.test(line)) return;
      const [, dev, numbers = ''] = ROW.exec(line) ?? [];
      const values = numbers.trim().split(/\s+/).map(Number);
      if (dev === undefined || values.length !== COLUMNS.length) {
        issues.push(badLine(text.path, index + 1, line, `a device and its ${COLUMNS.length} counters`));
        return;
      }
      const counters = Object.fromEntries(COLUMNS.map((name, i) => [name, values[i] ?? 0]));
      devices.push({ dev, counters, span: { path: text.path, line: index + 1 } });
    });
    return { content: { kind: 'link-counters', devices }, issues };
  },
};

const TABLE = /^\s*Iface\s+MTU\s+(?:Met\s+)?RX-OK\s+RX-ERR\s+RX-DRP\s+RX-OVR\s+TX-OK\b/;
const TABLE_NAMES = wordTable<string>({
  'RX-OK': 'rx_packets',
  'RX-ERR': 'rx_errors',
  'RX-DRP': 'rx_dropped',
  'RX-OVR': 'rx_fifo_errors',
  'TX-OK': 'tx_packets',
  'TX-ERR': 'tx_errors',
  'TX-DRP': 'tx_dropped',
  'TX-OVR': 'tx_fifo_errors',
});

/** `netstat -i` and `ifconfig -s`: ife_print_short(), lib/interface.c of net-tools. */
export const netstatI: Format = {
  id: 'netstat-i',
  command: 'netstat -i',
  recognise: (text) => firstLine(text, TABLE),
  parse(text) {
    const issues: Issue[] = [];
    const devices: LinkCounters[] = [];
    let columns: readonly string[] = [];
    text.lines.forEach((line, index) => {
      // An alias (`eth0:1`) counts nothing of its own.
      if (line.trim() === '' || /^\s*Kernel Interface table|- no statistics available -/.test(line)) return;
      const words = line.trim().split(/\s+/);
      if (TABLE.test(line)) {
        columns = words;
        return;
      }
      const counters = columns.flatMap((column, i) => {
        const name = TABLE_NAMES[column];
        return name === undefined ? [] : [[name, Number(words[i])] as const];
      });
      if (counters.length === 0 || counters.some(([, value]) => !Number.isInteger(value))) {
        issues.push(
          badLine(text.path, index + 1, line, 'a device and its counters: `eth0 1500 5 0 0 0 7 0 0 0 BMRU`'),
        );
        return;
      }
      devices.push({
        dev: words[0] ?? '',
        counters: Object.fromEntries(counters),
        span: { path: text.path, line: index + 1 },
      });
    });
    return { content: { kind: 'link-counters', devices }, issues };
  },
};

const TITLE = /^\s*(?:NIC|FEC) statistics:\s*$/;

export const ethtoolS: Format = {
  id: 'ethtool-s',
  command: 'ethtool -S DEVICE',
  recognise: (text) => firstLine(text, TITLE),
  parse: parseStatistics,
};

function parseStatistics(text: DumpText, hint?: Hint): Parsed {
  const issues: Issue[] = [];
  const dev = /^ethtool (?:-S|--statistics) (\S+)/.exec(hint?.command ?? '')?.[1];
  const counters: Record<string, number> = {};
  text.lines.forEach((line, index) => {
    if (line.trim() === '' || TITLE.test(line)) return;
    const [, name, value] = /^\s*(\S.*?)\s*:\s*(\d+)\s*$/.exec(line) ?? [];
    if (name !== undefined) counters[name] = Number(value);
    else issues.push(badLine(text.path, index + 1, line, 'a counter: `rx_packets: 5`'));
  });
  const first = text.lines.findIndex((line) => TITLE.test(line)) + 1;
  const span = { path: text.path, line: Math.max(1, first) };
  if (dev === undefined) {
    const text =
      'ethtool -S does not print whose counters these are; its command line does (`ethtool -S eth0`)';
    issues.push({ severity: 'warning', code: 'dump-device', text, ...span });
  }
  return {
    content: { kind: 'link-counters', devices: [{ ...(dev === undefined ? {} : { dev }), counters, span }] },
    issues,
  };
}
