/** What rules decide, as far as it can be compared. */
import { isAccepting, isDropping, type RuleRef } from './rules.ts';

/** One lets packets through that the other stops. */
export function doesOpposite({ rule: left }: RuleRef, { rule: right }: RuleRef): boolean {
  return (isAccepting(left) && isDropping(right)) || (isDropping(left) && isAccepting(right));
}

/** Both let packets through, or both stop them. */
export function doesTheSame({ rule: left }: RuleRef, { rule: right }: RuleRef): boolean {
  return (isAccepting(left) && isAccepting(right)) || (isDropping(left) && isDropping(right));
}
