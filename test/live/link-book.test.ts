/** Rates of links, by what the kernel counted at two moments. */
import { describe, expect, it } from 'vitest';
import type { FoundNamespace } from '../../src/collect/namespaces.ts';
import { LinkBook } from '../../src/live/link-book.ts';

interface Device {
  readonly name: string;
  readonly packets: readonly [rx: number, tx: number];
  readonly dropped?: number;
}

function json(devices: readonly Device[]): string {
  return JSON.stringify(
    devices.map(({ name, packets: [rx, tx], dropped = 0 }, index) => ({
      ifindex: index + 1,
      ifname: name,
      flags: ['UP'],
      link_type: 'ether',
      stats64: {
        rx: { bytes: rx * 100, packets: rx, errors: 0, dropped },
        tx: { bytes: tx * 50, packets: tx, errors: 0, dropped: 0 },
      },
    })),
  );
}

/** /proc/net/dev has no times of its own either. */
function procNetDev(devices: readonly Device[]): string {
  const rows = devices.map(
    ({ name, packets: [rx, tx], dropped = 0 }) =>
      `${name}: ${rx * 100} ${rx} 0 ${dropped} 0 0 0 0 ${tx * 50} ${tx} 0 0 0 0 0 0`,
  );
  return [
    'Inter-|   Receive                                                |  Transmit',
    ' face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed',
    ...rows,
    '',
  ].join('\n');
}

function state(files: Readonly<Record<string, readonly [taken: number, text: string]>>) {
  const names = new Set(Object.keys(files).map((path) => path.split('/')[0] as string));
  return {
    namespaces: [...names].map((name) => ({ name }) as FoundNamespace),
    file: (path: string) => {
      const [taken, text] = files[path.replace('namespaces/', '')] ?? [];
      return taken === undefined || text === undefined ? undefined : { taken, text, command: '' };
    },
  };
}

describe('rates of links', () => {
  it.each([
    ['ip-link.json', json],
    ['proc-net-dev.txt', procNetDev],
  ] as const)('are what moved between two readings of %s, a second', (file, print) => {
    const book = new LinkBook();
    const at = (taken: number, devices: readonly Device[]) =>
      book.update(state({ [`web/${file}`]: [taken, print(devices)] }));
    expect(at(1000, [{ name: 'eth0', packets: [10, 20] }]).size).toBe(0);
    expect([...at(3000, [{ name: 'eth0', packets: [30, 60], dropped: 4 }])]).toEqual([
      ['web:eth0', { packets: 30, bytes: 2000, lost: 4, span: 2 }],
    ]);
  });

  it('stay until the next reading, and go with the namespace', () => {
    const book = new LinkBook();
    const first = { 'web/ip-link.json': [1000, json([{ name: 'eth0', packets: [0, 0] }])] } as const;
    const second = { 'web/ip-link.json': [2000, json([{ name: 'eth0', packets: [5, 0] }])] } as const;
    book.update(state(first));
    const rates = book.update(state(second));
    expect(book.update(state(second))).toBe(rates);
    expect(book.update(state({})).size).toBe(0);
    expect(rates.get('web:eth0')?.packets).toBe(5);
  });

  it('are not those of a device that was made anew, or that came', () => {
    const book = new LinkBook();
    book.update(state({ 'web/ip-link.json': [1000, json([{ name: 'eth0', packets: [900, 900] }])] }));
    const devices = [
      { name: 'eth0', packets: [3, 3] },
      { name: 'eth1', packets: [7, 7] },
    ] as const;
    expect(book.update(state({ 'web/ip-link.json': [2000, json(devices)] })).size).toBe(0);
  });

  it('are none where nothing can be read', () => {
    const book = new LinkBook();
    book.update(state({ 'web/ip-link.json': [1000, 'no json'] }));
    expect(book.update(state({ 'web/ip-link.json': [2000, ''] })).size).toBe(0);
  });
});
