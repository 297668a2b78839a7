import { type Unknown, unknown } from '../base/ternary.ts';
import type { NftView } from '../nft/context.ts';

const OF_THE_NAMESPACE: Unknown = unknown('what the namespace itself would have to be asked');

/** Answers nothing: only the packet's own fields decide. */
export const BLIND: NftView = {
  hasAddressType: () => OF_THE_NAMESPACE,
  deviceGroup: () => OF_THE_NAMESPACE,
  realms: () => OF_THE_NAMESPACE,
  reversePath: () => OF_THE_NAMESPACE,
  setContains: () => OF_THE_NAMESPACE,
  connections: () => OF_THE_NAMESPACE,
  sysctl: () => undefined,
  device: () => ({ type: OF_THE_NAMESPACE, kind: OF_THE_NAMESPACE }),
  deviceName: () => undefined,
  fibDevice: () => OF_THE_NAMESPACE,
  fibType: () => OF_THE_NAMESPACE,
};
