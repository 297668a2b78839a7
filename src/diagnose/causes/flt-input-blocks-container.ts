import { neighboursOf } from '../../correlate/owner.ts';
import { modelCause } from '../model-cause.ts';
import { acceptBefore } from '../rule-cause.ts';
import { inInterface, nameOf } from '../words.ts';

export const fltInputBlocksContainer = modelCause({
  id: 'flt-input-blocks-container',
  from: ['flt-input-blocks-container', 'flt-input-drop'],
  title: 'INPUT keeps containers from the host',
  severity: 'error',
  page: () => ({
    symptom:
      'A container can’t reach a port of its host (or a published port by the host’s address), while outside clients can.',
    mechanism:
      'What a container sends to an address of its host is not forwarded but delivered, so it passes INPUT with the bridge as its interface. Firewalls that deny by default and only open the uplink drop it.',
    check: 'iptables -L INPUT -nv; kernel log lines with IN=docker0 or IN=br-…',
    proof:
      'The SYN is seen on the bridge, for an address of the host, with no answer; a DROP or the policy of INPUT counts.',
    refutation: 'A SYN-ACK or RST from the host, or an INPUT counter that stays.',
    settledBy: ['iptables-save -c', 'journalctl -k (UFW BLOCK)'],
    repair: 'Accept the bridge’s traffic to that port in INPUT.',
    references: ['net/ipv4/ip_input.c: ip_local_deliver(), NF_INET_LOCAL_IN', 'moby/moby#49288'],
  }),
  tell(kase, drop) {
    const device = inInterface(drop.trace);
    const near = neighboursOf(kase.snapshot, kase.flow.client.address).find(
      ({ netns }) => netns.name === drop.namespace,
    );
    const bridge =
      near &&
      (near.link.kind === 'bridge' || near.netns.links?.some((link) => link.master === near.link.name));
    if (!near || !bridge || near.link.name !== device) return undefined;
    return {
      title: `${nameOf(kase, drop.namespace)}’s INPUT drops what comes from its own bridge ${device}`,
      explanation:
        `The client sits behind ${device}, and the packet is for an address of ${nameOf(kase, drop.namespace)} itself: it is delivered, not forwarded, so it passes ` +
        `INPUT with ${device} as incoming interface, and is dropped there. Published ports reached by the host’s address from its own containers take this way too.`,
      fix: acceptBefore(kase, drop),
    };
  },
});
