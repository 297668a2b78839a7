/** Counters of devices: /proc/net/dev (dev_seq_printf_stats(), net/core/net-procfs.c) and `ethtool -S`. */
import type { Issue } from '../../base/issue.ts';
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
