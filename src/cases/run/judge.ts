/** What is expected of a packet held against what the model says of it. */
import type { DecidingStep } from '../../netstack/hop.ts';
import { type By, printBy } from '../language/by.ts';
import { type Clauses, printClauses } from '../language/clauses.ts';
import { type Address, addressText } from '../language/end.ts';
import type { Ending, PacketOutcome, Verdict } from '../language/outcome.ts';
import { describeStop } from './describe.ts';
import type { FoundEnding, FoundPacket } from './found.ts';

/** One part of an expectation that doesn't hold. */
export interface Difference {
  /** `verdict`, `by`, `via`, `answer via` … */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

export function judgePacket(expected: PacketOutcome, found: FoundPacket): Difference[] {
  const differences = judgeEnding(expected, found);
  const { answer } = expected;
  if (answer === undefined || differences.some(({ what }) => what === 'verdict')) return differences;
  return [...differences, ...judgeAnswer(answer, found)];
}

function judgeAnswer(expected: NonNullable<PacketOutcome['answer']>, found: FoundPacket): Difference[] {
  const { answer } = found;
  const comes = answer?.comes ?? false;
  const said = answerText(found);
  if (expected === 'comes') return comes ? [] : [{ what: 'answer', expected: 'comes back', found: said }];
  if (expected === 'none') return comes ? [{ what: 'answer', expected: 'none', found: said }] : [];
  if (!answer) return [{ what: 'answer', expected: expected.verdicts.join(' or '), found: said }];
  return judgeEnding(expected, answer).map(({ what, ...rest }) => ({ what: `answer ${what}`, ...rest }));
}

function answerText({ answer, unanswerable, as }: FoundPacket): string {
  if (!answer) return 'is never given';
  if (answer.comes) return 'comes back';
  if (unanswerable && as)
    return `finds no way: ${addressText({ address: as.address })} is private, and nobody’s out there`;
  const by = describeStop(answer);
  if (by) return `is ${answer.verdict} by ${printBy(by)} in ${answer.namespace}`;
  const last = answer.exits.at(-1);
  return last === undefined ? `ends in ${answer.namespace}` : `leaves by ${last} again`;
}

function judgeEnding({ verdicts, clauses }: Ending, found: FoundEnding): Difference[] {
  const fits = verdicts.some((verdict) => isVerdict(verdict, found.verdict));
  const verdict = fits ? [] : [{ what: 'verdict', expected: verdicts.join(' or '), found: found.verdict }];
  return [...verdict, ...judgeClauses(clauses, found)];
}

const WIDER: Readonly<Partial<Record<Verdict, readonly Verdict[]>>> = {
  delivered: ['forwarded', 'bridged'],
  dropped: ['no route'],
};

function isVerdict(wanted: Verdict, found: Verdict): boolean {
  return wanted === found || (WIDER[wanted]?.includes(found) ?? false);
}

function judgeClauses(clauses: Clauses, found: FoundEnding): Difference[] {
  const { by, via, as, to, mark, state } = clauses;
  const differences: Difference[] = [];
  const differ = (what: string, expected: string, is: string) =>
    differences.push({ what, expected, found: is });
  if (by && !isBy(by, found)) differ('by', printBy(by), byText(found));
  if (clauses.in !== undefined && clauses.in !== found.namespace) differ('in', clauses.in, found.namespace);
  for (const device of via ?? [])
    if (!isVia(device, found)) differ('via', device, found.exits.join(', ') || 'none');
  if (as && !isAddress(as, found.as))
    differ('as', addressText(as), found.as ? addressText(found.as) : 'none');
  if (to && !isAddress(to, found.to))
    differ('to', addressText(to), found.to ? addressText(found.to) : 'none');
  if (mark && (found.mark & mark.mask) >>> 0 !== (mark.value & mark.mask) >>> 0)
    differ(
      'mark',
      (printClauses({ mark })[0] as string).slice('mark '.length),
      `0x${found.mark.toString(16)}`,
    );
  if (state && state !== found.state) differ('state', state, found.state ?? 'not tracked');
  if (clauses.with !== undefined && clauses.with !== found.with)
    differ('with', clauses.with, found.with ?? 'nothing');
  return differences;
}

function byText(found: FoundEnding): string {
  const by = describeStop(found);
  return by ? printBy(by) : 'none';
}

/** What stopped it; of a packet that arrives, a rule that it matched on its way. */
function isBy(by: By, { stoppedBy, passed, sysctl, cause, verdict }: FoundEnding): boolean {
  if (by.kind === 'sysctl') return sysctl === by.name;
  if (by.kind === 'cause') return cause === by.id;
  const arrived =
    verdict === 'delivered' || verdict === 'forwarded' || verdict === 'bridged' || verdict === 'refused';
  const steps = arrived ? passed : stoppedBy ? [stoppedBy] : [];
  return steps.some((step) => isRule(by, step));
}

function isRule(
  { family, table, chain, number, text }: Extract<By, { kind: 'rule' }>,
  step: DecidingStep,
): boolean {
  const isNft = step.kind === 'nft-rule' || step.kind === 'nft-policy';
  if (family !== undefined && !(isNft && step.family === family)) return false;
  if (step.table !== table || step.chain !== chain) return false;
  if (number === 'policy') return step.kind === 'policy' || step.kind === 'nft-policy';
  const rule = step.kind === 'rule' || step.kind === 'nft-rule' ? step : undefined;
  if (number !== undefined) return rule?.number === number;
  return text === undefined || (rule?.text.includes(text) ?? false);
}

function isVia(device: string, { exits }: FoundEnding): boolean {
  if (device.includes(':')) return exits.includes(device);
  // Of a bridge's port the bridge has a name, too.
  const last = exits.at(-1);
  const namespace = last?.slice(0, last.lastIndexOf(':'));
  const own = exits.slice(-2).filter((each) => each.slice(0, each.lastIndexOf(':')) === namespace);
  return own.some((each) => each.slice(each.lastIndexOf(':') + 1) === device);
}

function isAddress(wanted: Address, found: Address | undefined): boolean {
  return found?.address === wanted.address && (wanted.port === undefined || wanted.port === found.port);
}
