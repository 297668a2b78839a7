import { modelCause } from '../model-cause.ts';
import { nameOf } from '../words.ts';

export const bridgeStpDelay = modelCause({
  id: 'bridge-stp-delay',
  title: 'Spanning tree holds the port back',
  severity: 'error',
  symptom: 'Nothing for the first 30 seconds after a container starts, then everything works.',
  mechanism: 'With STP on a port listens and learns for twice forward_delay before it forwards.',
  check: 'bridge -d link (state listening, learning); ip -d link show BRIDGE',
  tell(kase, drop) {
    const where = nameOf(kase, drop.namespace);
    return {
      title: `the bridge in ${where} does not forward on that port yet: its STP state is not forwarding`,
      explanation: `The port came up a short while ago and spanning tree is on, so for twice forward_delay (30 seconds by default) the bridge takes and sends no data frames on it. It heals by itself.`,
      effect:
        'Where there can be no loop: ip link set BRIDGE type bridge stp_state 0 (or a forward_delay of 0).',
    };
  },
});
