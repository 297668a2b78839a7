/** What holds of a packet, said in the cases' language: in a failure's text, and by --update. */
import type { DecidingStep } from '../../netstack/hop.ts';
import type { By } from '../language/by.ts';
import type { ClauseName, Clauses } from '../language/clauses.ts';
import type { Ending, PacketOutcome, Verdict } from '../language/outcome.ts';
import type { FoundEnding, FoundPacket } from './found.ts';

/** `asked`: what was expected; its parts are said again, as far as there is something to say of them. */
export function describePacket(found: FoundPacket, asked?: PacketOutcome): PacketOutcome {
  const ending = describeEnding(found, asked, true);
  const { answer } = found;
  if (!isArrival(found.verdict)) return ending;
  if (asked?.answer === undefined && asked !== undefined) return ending;
  if (!answer) return { ...ending, answer: 'none' };
  if (answer.comes && typeof asked?.answer !== 'object') return { ...ending, answer: 'comes' };
  if (!answer.comes && (isArrival(answer.verdict) || asked?.answer === 'none'))
    return { ...ending, answer: 'none' };
  const wanted = typeof asked?.answer === 'object' ? asked.answer : undefined;
  return { ...ending, answer: describeEnding(answer, wanted, false) };
}

export function isArrival(verdict: Verdict): boolean {
  return verdict === 'delivered' || verdict === 'forwarded' || verdict === 'bridged';
}

const ARRIVALS: ReadonlySet<Verdict> = new Set(['delivered', 'forwarded', 'bridged']);

export function describeEnding(found: FoundEnding, asked: Ending | undefined, first: boolean): Ending {
  const { verdict } = found;
  // `delivered` is said of what leaves the known world as well.
  const kept = asked?.verdicts.find(
    (each) => each === verdict || (each === 'delivered' && ARRIVALS.has(verdict)),
  );
  return { verdicts: [kept ?? verdict], clauses: clausesOf(found, asked?.clauses, first) };
}

function clausesOf(found: FoundEnding, asked: Clauses | undefined, first: boolean): Clauses {
  const { verdict, exits, as, to, translated } = found;
  const arrived = ARRIVALS.has(verdict);
  const says = (name: ClauseName, matters: boolean) => asked?.[name] !== undefined || (!asked && matters);
  const by = arrived ? (asked?.by ? describeAcceptance(found, asked.by) : undefined) : describeStop(found);
  const device = exits.at(-1);
  const via = asked?.via ? asked.via.map((wanted) => viaText(found, wanted)) : viaOf(verdict, device);
  const marks = asked?.mark;
  return {
    ...(by && (!arrived || asked?.by) && { by }),
    ...(says('in', verdict === 'delivered' || verdict === 'refused' || !isHost(found)) && {
      in: found.namespace,
    }),
    ...(via.length > 0 && (asked?.via || !asked) && { via }),
    ...(as &&
      says('as', first && arrived && translated.source) && {
        as: hasPort(asked?.as) ? as : { address: as.address },
      }),
    ...(to && says('to', first && arrived && translated.destination) && { to }),
    ...(marks && { mark: { value: (found.mark & marks.mask) >>> 0, mask: marks.mask } }),
    ...(asked?.state && found.state && { state: found.state }),
    ...(found.with !== undefined && says('with', verdict === 'rejected') && { with: found.with }),
  };
}

function isHost({ namespace }: FoundEnding): boolean {
  return namespace === 'host';
}

function hasPort(asked: Clauses['as']): boolean {
  return asked?.port !== undefined;
}

function viaOf(verdict: Verdict, device: string | undefined): string[] {
  const leaves = verdict === 'forwarded' || verdict === 'bridged';
  return leaves && device !== undefined ? [device.slice(device.lastIndexOf(':') + 1)] : [];
}

function viaText({ exits }: FoundEnding, wanted: string): string {
  const last = exits.at(-1);
  if (last === undefined) return 'nothing';
  return wanted.includes(':') ? last : last.slice(last.lastIndexOf(':') + 1);
}

/** The rule, the setting, or the cause that stopped it. */
export function describeStop({ stoppedBy, sysctl, cause, verdict }: FoundEnding): By | undefined {
  if (stoppedBy) return ruleBy(stoppedBy);
  if (sysctl !== undefined) return { kind: 'sysctl', name: sysctl };
  if (verdict === 'no route' || cause === undefined) return undefined;
  return { kind: 'cause', id: cause };
}

/** Of an expected rule that let it pass: the last one of that table that it matched. */
function describeAcceptance({ passed }: FoundEnding, wanted: By): By | undefined {
  if (wanted.kind !== 'rule') return undefined;
  const last = passed.findLast(({ table }) => table === wanted.table);
  return last && ruleBy(last);
}

export function ruleBy(step: DecidingStep): By {
  const isNft = step.kind === 'nft-rule' || step.kind === 'nft-policy';
  const number = step.kind === 'rule' || step.kind === 'nft-rule' ? step.number : 'policy';
  return {
    kind: 'rule',
    ...(isNft && { family: step.family }),
    table: step.table,
    chain: step.chain,
    number,
  };
}
