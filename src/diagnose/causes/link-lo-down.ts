import { netnsOf } from '../case.ts';
import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const linkLoDown = modelCause({
  id: 'link-lo-down',
  title: 'The loopback interface is down',
  severity: 'error',
  symptom: 'ping 127.0.0.1 says "Network is unreachable" in a new namespace, or times out; the own address can’t be reached from inside.',
  mechanism:
    'A new network namespace starts with lo down. Until it is set up there is no local route for 127/8, and packets to the namespace’s own addresses, which also go over lo, are dropped at its queue.',
  check: 'ip link show lo (state DOWN)',
  tell(kase, drop) {
    const lo = netnsOf(kase, drop.namespace)?.links?.find((link) => link.name === 'lo');
    return {
      title: `lo is down in ${nameOf(kase, drop.namespace)}`,
      explanation:
        'Traffic of a namespace to itself goes over lo, whichever of its addresses is used, and lo is down: as it is in ' +
        'every new namespace. Others still reach the same address over the wire, which makes it look like a problem of the program.',
      interface: 'lo',
      evidence: lo ? [{ path: lo.span.path, line: lo.span.line, text: 'lo is not UP' }] : [],
      fix: [{ namespace: drop.namespace, text: 'ip link set lo up' }],
    };
  },
});
