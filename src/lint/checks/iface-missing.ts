import { addTo } from '../../base/group-by.ts';
import { nearest } from '../../base/nearest.ts';
import { makerOfInterface } from '../../topology/makers.ts';
import type { InterfaceMatch } from '../../xtables/rule.ts';
import type { Check } from '../check.ts';
import type { Found } from '../finding.ts';
import { counted } from '../grouped.ts';
import { type RuleRef, rulesOf } from '../rules.ts';
import { knownLinks, type Scope } from '../scope.ts';

/** Devices that come and go with a dial-in, a tunnel or a container. */
const COMES_AND_GOES =
  /^(ppp|tun|tap|wg|veth|vnet|vmnet|utun|ipsec|xfrm|gre|sit|ip6?tnl|wwan|usb|l2tp|vti|br-|docker|virbr|zt|nebula|cali|flannel|cni|podman|lxc|lxd)/;

export const ifaceMissing: Check = {
  id: 'iface-missing',
  title: 'A rule names an interface that isn’t there',
  severity: 'warning',
  why: 'iptables takes any name; a rule about a device that doesn’t exist matches nothing. After a new kernel or another machine the same card is often called otherwise (eth0, enp3s0).',
  repair: 'Correct the name (ip link shows which there are), or take the rules out.',
  silent: 'Where the devices were not dumped, and patterns (ppp+). Of devices that come and go it is a note.',
  references: ['iptables(8): -i, -o', 'systemd.net-naming-scheme(7)'],
  find(scope) {
    const links = knownLinks(scope);
    if (!links) return [];
    const names = new Set(links.map(({ name }) => name));
    const missing = new Map<string, RuleRef[]>();
    for (const ref of scope.rulesets.flatMap(rulesOf)) {
      for (const device of [ref.rule.in, ref.rule.out]) {
        if (!device || !isMissing(device, names)) continue;
        addTo(missing, device.name, ref);
      }
    }
    return [...missing].map(([name, refs]) => told(scope, name, refs, [...names]));
  },
};

function isMissing({ name, wildcard, invert }: InterfaceMatch, names: ReadonlySet<string>): boolean {
  // An alias's name is another matter (iface-alias).
  return !wildcard && !invert && !names.has(name) && !name.includes(':');
}

function told(_: Scope, name: string, refs: readonly RuleRef[], names: readonly string[]): Found {
  const [first, ...more] = refs as [RuleRef, ...RuleRef[]];
  const passing = COMES_AND_GOES.test(name) || makerOfInterface(name) !== undefined;
  const near = nearest(name, names);
  const hint = passing
    ? 'Devices of that name come and go; while it isn’t there, these rules match nothing.'
    : `There are ${names.join(', ')}.${near === undefined ? '' : ` Was ${near} meant?`}`;
  return {
    severity: passing ? 'note' : 'warning',
    title: `there is no device ${name}, which ${counted(refs.length, 'rule')} ${refs.length === 1 ? 'names' : 'name'}`,
    explanation: hint,
    at: first,
    involved: [...new Set(more)].map((at) => ({ at, role: `names ${name}` })),
  };
}
