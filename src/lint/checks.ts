/** Every check there is: one file each, one line each here. */
import type { Check } from './check.ts';
import { chainDoesNothing } from './checks/chain-does-nothing.ts';
import { chainUnreached } from './checks/chain-unreached.ts';
import { ctDropBeforeEstablished } from './checks/ct-drop-before-established.ts';
import { ctHelperAssumed } from './checks/ct-helper-assumed.ts';
import { ctStateObsolete } from './checks/ct-state-obsolete.ts';
import { dockerForeignRule } from './checks/docker-foreign-rule.ts';
import { dockerForwardOrder } from './checks/docker-forward-order.ts';
import { dockerUserAfterReturn } from './checks/docker-user-after-return.ts';
import { hostForwardOff } from './checks/host-forward-off.ts';
import { hostSpoofing } from './checks/host-spoofing.ts';
import { hostTwoBackends } from './checks/host-two-backends.ts';
import { ifaceMissing } from './checks/iface-missing.ts';
import { ifaceNeverSeen } from './checks/iface-never-seen.ts';
import { loadHostName } from './checks/load-host-name.ts';
import { loadJumpLoop } from './checks/load-jump-loop.ts';
import { loadMissingChain } from './checks/load-missing-chain.ts';
import { loadMissingSet } from './checks/load-missing-set.ts';
import { loadRefused } from './checks/load-refused.ts';
import { loadTableAgain } from './checks/load-table-again.ts';
import { markOverwritten } from './checks/mark-overwritten.ts';
import { markUnread } from './checks/mark-unread.ts';
import { natDnatGone } from './checks/nat-dnat-gone.ts';
import { natDnatLocalhost } from './checks/nat-dnat-localhost.ts';
import { natDnatUnreachable } from './checks/nat-dnat-unreachable.ts';
import { natDrop } from './checks/nat-drop.ts';
import { natInputBypassed } from './checks/nat-input-bypassed.ts';
import { natMasqueradeBroad } from './checks/nat-masquerade-broad.ts';
import { natReplies } from './checks/nat-replies.ts';
import { natSnatForeign } from './checks/nat-snat-foreign.ts';
import { nftUnchecked } from './checks/nft-unchecked.ts';
import { policyAcceptOnly } from './checks/policy-accept-only.ts';
import { policyLoClosed } from './checks/policy-lo-closed.ts';
import { ruleAfterEnd } from './checks/rule-after-end.ts';
import { ruleContradiction } from './checks/rule-contradiction.ts';
import { ruleDuplicate } from './checks/rule-duplicate.ts';
import { ruleLimitUseless } from './checks/rule-limit-useless.ts';
import { ruleNoEffect } from './checks/rule-no-effect.ts';
import { ruleOutOfReach } from './checks/rule-out-of-reach.ts';
import { rulePointlessCondition } from './checks/rule-pointless-condition.ts';
import { ruleShadowed } from './checks/rule-shadowed.ts';
import { v6NdBlocked } from './checks/v6-nd-blocked.ts';
import { v6Open } from './checks/v6-open.ts';

export const CHECKS: readonly Check[] = [
  loadRefused,
  loadMissingChain,
  loadJumpLoop,
  loadMissingSet,
  loadHostName,
  loadTableAgain,
  ruleShadowed,
  ruleDuplicate,
  ruleAfterEnd,
  ruleContradiction,
  ruleOutOfReach,
  ruleLimitUseless,
  ruleNoEffect,
  rulePointlessCondition,
  chainUnreached,
  chainDoesNothing,
  policyAcceptOnly,
  policyLoClosed,
  markOverwritten,
  markUnread,
  ctDropBeforeEstablished,
  ctHelperAssumed,
  ctStateObsolete,
  natDrop,
  natReplies,
  natDnatUnreachable,
  natDnatGone,
  natDnatLocalhost,
  natMasqueradeBroad,
  natInputBypassed,
  natSnatForeign,
  dockerUserAfterReturn,
  dockerForwardOrder,
  dockerForeignRule,
  v6Open,
  v6NdBlocked,
  ifaceMissing,
  ifaceNeverSeen,
  hostForwardOff,
  hostTwoBackends,
  hostSpoofing,
  nftUnchecked,
];
