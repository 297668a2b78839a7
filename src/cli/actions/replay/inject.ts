/** `--inject NS:IFACE=FILE` and `NS:@local=FILE`. */

import { nearest } from '../../../base/nearest.ts';
import { printable } from '../../../base/printable.ts';
import { openFile } from '../../../capture/open.ts';
import type { PacketOrigin } from '../../../correlate/packet-origin.ts';
import type { Packet } from '../../../packet/packet.ts';
import { UsageError } from '../../io.ts';
import type { Scene } from '../../scene.ts';
import type { Tally } from '../replay.ts';
import { type Feed, feedOf } from './feed.ts';

export interface InjectionWord {
  readonly namespace: string;
  /** `@local`: sent by a process there. */
  readonly device: string;
  readonly path: string;
}

export function parseInjections(words: readonly string[]): InjectionWord[] {
  return words.map((word) => {
    const match = /^([^:=/\\]+(?:\/[^:=/\\]+)?):([^:=/\\\s]+)=(.+)$/s.exec(word);
    const [, namespace, device, path] = match ?? [];
    if (namespace !== undefined && device !== undefined && path !== undefined)
      return { namespace, device, path };
    throw new UsageError(
      `--inject: ${printable(word)} is not NS:IFACE=FILE`,
      'Such as --inject host:eth0=stimulus.pcap, or --inject red:@local=sent.pcap for packets that red itself sends.',
    );
  });
}

export function injectedFeeds(
  words: readonly InjectionWord[],
  scene: Scene,
  tally: Tally,
  asked?: (packet: Packet) => boolean,
): Feed[] {
  const { limits } = scene.inputs;
  return words.map((word) => {
    const origin = originOf(word, scene);
    const open = () => {
      const source = openFile(word.path, undefined, limits);
      if ('read' in source) return source;
      throw new UsageError(`--inject: ${printable(word.path)}: ${source.text}`);
    };
    const probe = open();
    probe.close();
    return feedOf({
      path: word.path,
      open,
      limits,
      ...(asked && { asked }),
      place: () => () => origin,
      foreign: () => {
        tally.foreign++;
      },
    });
  });
}

function originOf({ namespace, device }: InjectionWord, { topology }: Scene): PacketOrigin {
  const netns = topology.namespaces.get(namespace);
  const names = [...topology.namespaces.keys()];
  if (!netns) throw unknownName('namespace', namespace, names);
  if (device === '@local') return { kind: 'local', namespace };
  const links = (netns.links ?? []).map((link) => link.name);
  if (!links.includes(device))
    throw unknownName(`interface of ${printable(namespace)}`, device, [...links, '@local']);
  return { kind: 'wire', link: { namespace, name: device } };
}

function unknownName(what: string, wanted: string, names: readonly string[]): UsageError {
  const near = nearest(wanted, names);
  const guess = near === undefined ? '' : `Did you mean ${printable(near)}? `;
  return new UsageError(
    `--inject: there is no ${what} called ${printable(wanted)}`,
    `${guess}Known: ${names.map(printable).join(', ')}`,
  );
}
