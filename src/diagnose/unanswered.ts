import type { ArpExchange } from '../correlate/flow.ts';
import { ownersOf } from '../correlate/owner.ts';
import type { Neighbour } from '../dump/records.ts';
import type { Ip } from '../net/ip.ts';
import type { Netns } from '../snapshot/snapshot.ts';
import type { Scene } from './case.ts';

/** An address that somebody wanted to reach on the link and nobody claimed. */
export interface Unanswered {
  readonly target: Ip;
  /** Who wanted it, when that is a known namespace. */
  readonly sender?: Netns;
  readonly senderAddress?: Ip;
  readonly exchange?: ArpExchange;
  /** FAILED or INCOMPLETE line of the sender's neighbour table. */
  readonly entry?: Neighbour;
  readonly device?: string;
}

/** A single lost request is nothing; the kernel asks three times before it gives up. */
const ASKED = 2;

/** Unanswered ARP and ND, from captures and neighbour tables, each address and sender once. */
export function unanswered(scene: Scene): Unanswered[] {
  const found = new Map<string, Unanswered>();
  for (const exchange of scene.correlation.arp) {
    if (exchange.replies.length > 0 || exchange.count < ASKED) continue;
    // Somebody else may use the address of a known namespace; the MAC tells.
    const owners = ownersOf(scene.snapshot, exchange.sender).filter(
      ({ link }) => link.mac === undefined || exchange.senderMac === 0 || link.mac === exchange.senderMac,
    );
    // A bridge takes the MAC of a port, and with it the same link-local address: the bridge is who asks.
    const owner = owners.find(({ link }) => link.master === undefined) ?? owners[0];
    const key = `${exchange.sender} ${exchange.target}`;
    if (found.has(key)) continue;
    const entry = failedEntry(owner?.netns, exchange.target);
    found.set(key, {
      target: exchange.target,
      senderAddress: exchange.sender,
      exchange,
      ...(owner && { sender: owner.netns, device: owner.link.name }),
      ...(entry && { entry }),
    });
  }
  const targets = new Set([...found.values()].map((one) => `${one.sender?.name} ${one.target}`));
  for (const netns of scene.snapshot.namespaces.values()) {
    for (const entry of netns.neighbours ?? []) {
      if (!isFailed(entry) || targets.has(`${netns.name} ${entry.address}`)) continue;
      found.set(`${netns.name} ${entry.address}`, {
        target: entry.address,
        sender: netns,
        entry,
        device: entry.dev,
      });
    }
  }
  return [...found.values()];
}

function isFailed(entry: Neighbour): boolean {
  return entry.states.includes('FAILED') || entry.states.includes('INCOMPLETE');
}

function failedEntry(netns: Netns | undefined, target: Ip): Neighbour | undefined {
  return netns?.neighbours?.find((entry) => entry.address === target && isFailed(entry));
}
