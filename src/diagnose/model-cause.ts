import { fateOf } from '../correlate/predict.ts';
import { type Case, type ModelDrop, modelDrop } from './case.ts';
import type { Cause, Found } from './cause.ts';
import { dropConfidence } from './confidence.ts';
import { dropEvidence, ruleEvidence, ruleOf } from './evidence.ts';
import type { Evidence } from './finding.ts';
import { type MakersWords, makersWords } from './maker.ts';
import { inInterface } from './words.ts';

/** What a cause that the model predicts has to say for itself; the rest follows from the drop. */
export interface Told extends Omit<Partial<Found>, 'evidence'> {
  readonly title: string;
  readonly explanation: string;
  /** Lines of dumps and counters; sightings and absences are added. */
  readonly evidence?: readonly Evidence[];
}

export interface ModelCauseSpec extends Omit<Cause, 'find'> {
  /** Drop causes of the model that this one stands for, besides its own id. */
  readonly from?: readonly string[];
  /** Undefined: the drop is not of this kind after all. */
  tell(kase: Case, drop: ModelDrop): Told | undefined;
}

/** A cause that is proved by the model's path ending there and the captures agreeing. */
export function modelCause(spec: ModelCauseSpec): Cause {
  const { id, title, severity, page, also, survey, from = [], tell } = spec;
  const drops = new Set([id, ...from]);
  const made = {
    id,
    title,
    severity,
    page,
    ...(also && { also }),
    ...(survey && { survey }),
    find(kase: Case): Found | undefined {
      if (kase.outcome.status === 'delivered' && !kase.hypothetical) return undefined;
      const drop = modelDrop(kase);
      if (!drop || !drops.has(drop.cause)) return undefined;
      const told = tell(kase, drop);
      if (!told) return undefined;
      const rule = told.rule ?? ruleOf(kase, drop.trace);
      const device = told.interface ?? inInterface(drop.trace);
      const maker = told.rule ? undefined : makersWords(kase, drop);
      return {
        ...told,
        ...(maker && withMaker(told, maker)),
        ...(isUndumped(drop) && { replay: false, effect: unreplayed(told) }),
        confidence: told.confidence ?? dropConfidence(kase, drop),
        namespace: told.namespace ?? drop.namespace,
        ...(device !== undefined && { interface: device }),
        ...(rule && { rule }),
        status: told.status ?? (fateOf(drop.trace) === 'rejected' ? 'rejected' : 'dropped'),
        evidence: [...dropEvidence(kase, drop), ...ruleEvidence(kase, drop.trace), ...(told.evidence ?? [])],
      };
    },
  };
  DROPS.set(made.find, drops);
  return made;
}

const DROPS = new WeakMap<NonNullable<Cause['find']>, ReadonlySet<string>>();

/** The drop causes of the model without which this finds nothing; undefined where it asks for more. A cause that wraps another's has a `find` of its own. */
export function dropsOf(find: NonNullable<Cause['find']>): ReadonlySet<string> | undefined {
  return DROPS.get(find);
}

/** Only a trace shows the rule that dropped it: which number it has is not known, and no replay meets it. */
export function isUndumped({ trace: { rule } }: ModelDrop): boolean {
  return rule?.kind === 'rule' && rule.number === 0;
}

function unreplayed({ effect = '' }: Told): string {
  const text = 'Not replayed: no dump has the rule that is in the way.';
  return effect === '' ? text : `${text} ${effect}`;
}

function withMaker(
  { explanation, effect = '' }: Told,
  maker: MakersWords,
): Pick<Found, 'explanation' | 'effect'> {
  return {
    explanation: `${explanation} ${maker.explanation}`,
    effect: [effect, maker.effect].filter((text) => text !== '').join(' '),
  };
}
