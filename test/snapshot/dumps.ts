import type { Issue } from '../../src/base/issue.ts';
import { recogniseDump } from '../../src/dump/recognise.ts';
import type { DumpInput, InputSet, Manifest } from '../../src/input/input.ts';
import { buildSnapshot } from '../../src/snapshot/build.ts';
import type { Netns, Snapshot } from '../../src/snapshot/snapshot.ts';

/** `red/ip-route.txt` → text: an InputSet as a bundle's namespaces folder would give it. */
export function inputsOf(
  files: Readonly<Record<string, string>>,
  options: { manifest?: Manifest; times?: Readonly<Record<string, number>> } = {},
): InputSet {
  const dumps = Object.entries(files).map(([path, text]): DumpInput => {
    const dump = recogniseDump(path, text, path);
    if (!dump) throw new Error(`${path} is not recognised`);
    const time = options.times?.[path];
    const namespace = path.includes('/') ? (path.split('/')[0] ?? 'host') : 'host';
    return { dump, namespace, by: 'bundle', ...(time === undefined ? {} : { time }) };
  });
  return { captures: [], dumps, issues: [], ...(options.manifest ? { manifest: options.manifest } : {}) };
}

export function snapshotOf(
  files: Readonly<Record<string, string>>,
  options: Parameters<typeof inputsOf>[1] = {},
): { snapshot: Snapshot; issues: readonly Issue[] } {
  return buildSnapshot(inputsOf(files, options));
}

export function netnsOf(snapshot: Snapshot, name = 'host'): Netns {
  const netns = snapshot.namespaces.get(name);
  if (!netns) throw new Error(`no namespace ${name}`);
  return netns;
}

/** `ip addr` of a link: `2: eth0: up 10.1.0.1/24 10.1.0.2/24s`, `@if7 netnsid 0`, `master br0`, `mac …`. */
export function ipAddr(...links: readonly string[]): string {
  return links
    .map((text, i) => {
      const [name = '', ...words] = text.split(' ');
      const after = (word: string): string | undefined => words[words.indexOf(word) + 1];
      const has = (word: string): boolean => words.includes(word);
      const index = name === 'lo' ? 1 : Number(has('index') ? after('index') : i + 2);
      const flags =
        name === 'lo' ? 'LOOPBACK,UP,LOWER_UP' : `BROADCAST,MULTICAST${has('down') ? '' : ',UP,LOWER_UP'}`;
      const peer = words.find((word) => word.startsWith('@')) ?? '';
      const master = has('master') ? ` master ${after('master')}` : '';
      const mac = has('mac') ? after('mac') : `02:00:00:00:00:${String(index).padStart(2, '0')}`;
      const netns = has('netnsid')
        ? ` link-netnsid ${after('netnsid')}`
        : has('netns')
          ? ` link-netns ${after('netns')}`
          : '';
      const kind = has('kind') ? `    ${after('kind')} numtxqueues 1\n` : '';
      const addresses = words
        .filter((word) => /^[0-9a-f.:]+\/\d+s?$/.test(word))
        .map((word) => {
          const secondary = word.endsWith('s') ? ' secondary' : '';
          const family = word.includes(':') ? 'inet6' : 'inet';
          const scope = /^(127\.|::1)/.test(word) ? 'host' : word.startsWith('fe80') ? 'link' : 'global';
          const label = family === 'inet' ? ` ${name}` : '';
          return `    ${family} ${word.replace(/s$/, '')} scope ${scope}${secondary}${label}\n       valid_lft forever preferred_lft forever\n`;
        });
      const type = name === 'lo' ? 'link/loopback 00:00:00:00:00:00' : `link/ether ${mac}`;
      return `${index}: ${name}${peer}: <${flags}> mtu 1500 qdisc noqueue${master} state UP group default qlen 1000\n    ${type} brd ff:ff:ff:ff:ff:ff${netns} promiscuity 0\n${kind}${addresses.join('')}`;
    })
    .join('');
}
