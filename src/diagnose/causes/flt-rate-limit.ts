import { ruleCause } from '../rule-cause.ts';

export const fltRateLimit = ruleCause({
  id: 'flt-rate-limit',
  title: 'A rate limit is used up',
  symptom: 'The first packets of a burst pass, the rest does not.',
  mechanism:
    'A rule with -m limit, hashlimit or connlimit accepts up to its rate; what exceeds it falls to the rule after it, which drops.',
  check: 'iptables-save -c: both rules count',
  verb: 'exceeds a rate limit and is dropped by',
  advice: 'Raise the limit, or count by source with hashlimit.',
});
