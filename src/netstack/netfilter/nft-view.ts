/** What nft rules ask of their namespace, beside what iptables' matches ask. */
import { type Unknown, unknown } from '../../base/ternary.ts';
import type { Ip } from '../../net/ip.ts';
import { familyOf } from '../../net/ip.ts';
import type { DeviceView, FibQuestion, NftView } from '../../nft/context.ts';
import { FIB_TYPE } from '../../nft/datatype.ts';
import { addressType4 } from '../address-type.ts';
import type { Device } from '../devices.ts';
import { fibLookup } from '../fib.ts';
import { deviceOf, type Net } from '../net.ts';
import { isMulticast } from '../route.ts';
import { NetView } from './view.ts';

export class NftNetView extends NetView implements NftView {
  tproxy?: NonNullable<NftView['tproxy']>;

  device(name: string): DeviceView {
    return deviceView(this.net, deviceOf(this.net, name));
  }

  deviceName(index: number): string | undefined {
    return [...this.net.devices.values()].find(({ link }) => link.index === index)?.name;
  }

  fibDevice(question: FibQuestion): string | Unknown {
    return fibDevice(this.net, question);
  }

  fibType(ip: Ip, device: string | undefined): number | Unknown {
    if (typeof ip === 'bigint') return fibType6(this.net, ip, device);
    const type = addressType4(this.net, ip, device);
    return typeof type === 'string' ? FIB_TYPE[lower(type)] : type;
  }
}

function lower(type: string): keyof typeof FIB_TYPE {
  return type.toLowerCase() as keyof typeof FIB_TYPE;
}

/** ARPHRD_* by the word behind `link/`. */
const HARDWARE: Readonly<Record<string, number>> = {
  ether: 1,
  loopback: 772,
  ppp: 512,
  ipip: 768,
  tunnel6: 769,
  sit: 776,
  gre: 778,
  gre6: 823,
  ip6gre: 823,
  none: 0xfffe,
};

function deviceView(net: Net, { link, kind, bridge }: Device): DeviceView {
  const type =
    link.linkType !== undefined
      ? HARDWARE[link.linkType]
      : kind === 'loopback'
        ? HARDWARE.loopback
        : kind === 'tunnel'
          ? undefined
          : HARDWARE.ether;
  const detailed = (net.netns.links ?? []).some((each) => each.kind !== undefined);
  return {
    ...(link.index === undefined ? {} : { index: link.index }),
    type: type ?? unknown(`the type of ${link.name} (ip link)`),
    ...(link.kind !== undefined
      ? { kind: link.kind }
      : detailed || kind === 'loopback'
        ? {}
        : { kind: unknown(`what ${link.name} is (ip -d link)`) }),
    ...(bridge === undefined ? {} : { bridge }),
  };
}

/** What nft_fib4_eval() finds is no answer when it is an address of the host itself. */
function fibDevice(net: Net, question: FibQuestion): string | Unknown {
  const { destination, source, mark, tos, device } = question;
  const family = familyOf(destination);
  const linkLocal = typeof destination === 'bigint' && destination >> 118n === 0x3fan;
  const found = fibLookup(net.fib[family], {
    destination,
    ...(isUsableSource(source) ? { source } : {}),
    iif: 'lo',
    firstHop: true,
    ...(linkLocal && device !== undefined ? { oif: device } : {}),
    tos,
    mark,
    uid: 0,
  });
  if (found.kind === 'failed') {
    return found.route === undefined && found.rule === undefined && found.incomplete.length > 0
      ? unknown(`${net.name}: table ${found.incomplete.join(', ')} was not dumped (ip route show table all)`)
      : '';
  }
  const { type, nexthops } = found.route;
  if (type === 'local' || type === 'anycast') return '';
  if (device === undefined) return found.nexthop.dev ?? '';
  return nexthops.some(({ dev }) => dev === device) ? device : '';
}

/** get_saddr(): groups and the unspecified address are no source to route from. */
function isUsableSource(ip: Ip): boolean {
  return !isMulticast(ip) && ip !== 0xffffffff && (typeof ip === 'bigint' || ip >>> 24 !== 0);
}

/** nft_fib6_eval_type() */
function fibType6(net: Net, ip: bigint, device: string | undefined): number | Unknown {
  if (isMulticast(ip)) return FIB_TYPE.multicast;
  const owned = device !== undefined && deviceOf(net, device).addresses.some(({ address }) => address === ip);
  if (owned) return FIB_TYPE.local;
  const found = fibLookup(net.fib[6], {
    destination: ip,
    iif: 'lo',
    ...(device === undefined ? {} : { oif: device }),
    tos: 0,
    mark: 0,
    uid: 0,
  });
  if (found.kind === 'failed') {
    if (found.route === undefined && found.rule === undefined && found.incomplete.length > 0) {
      return unknown(
        `${net.name}: table ${found.incomplete.join(', ')} was not dumped (ip -6 route show table all)`,
      );
    }
    return found.error === 'EINVAL'
      ? FIB_TYPE.blackhole
      : found.error === 'EACCES'
        ? FIB_TYPE.prohibit
        : FIB_TYPE.unreachable;
  }
  if (found.route.type === 'anycast') return FIB_TYPE.anycast;
  if (found.route.type === 'local' && device === undefined) return FIB_TYPE.local;
  return FIB_TYPE.unicast;
}
