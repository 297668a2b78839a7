/** All panes of one moment: each is made when it is asked for, once, from the data and what is chosen. */
import type { LiveFlow } from '../../live/flow-book.ts';
import { filterChoice, flowChoice } from '../../live/packet-choice.ts';
import type { PacketChoice } from '../../live/packet-feed.ts';
import type { KeptPacket } from '../../live/packet-index.ts';
import type { Trouble } from '../../live/troubles.ts';
import type { Style } from '../../report/text/style.ts';
import type { ScreenData } from '../data.ts';
import { filterOf, flowTest } from '../flow-filter.ts';
import type { Pane, PaneRoom } from '../pane.ts';
import type { List, ScreenState } from '../state.ts';
import { findingDetailPane } from './finding-detail.ts';
import { findingsPane } from './findings.ts';
import { flowDetailPane } from './flow-detail.ts';
import { flowsPane } from './flows.ts';
import { packetDetailPane } from './packet-detail.ts';
import { packetsPane } from './packets.ts';
import { rulesPane } from './rules.ts';
import { topologyPane } from './topology.ts';

/** Keys of rows. */
export interface Chosen {
  readonly flow?: string | undefined;
  readonly finding?: string | undefined;
  readonly packet?: string | undefined;
}

export class Panes {
  readonly #data: ScreenData;
  readonly #state: ScreenState;
  readonly #roomOf: (list: List) => PaneRoom;
  readonly #lists = new Map<List, Pane>();
  #shownFlows: readonly LiveFlow[] | undefined;
  flow: LiveFlow | undefined;
  trouble: Trouble | undefined;
  #packet: string | undefined;

  constructor(data: ScreenData, state: ScreenState, roomOf: (list: List) => PaneRoom) {
    this.#data = data;
    this.#state = state;
    this.#roomOf = roomOf;
  }

  /** Before the panes that depend on it are asked for. */
  choose({ flow, finding, packet }: Chosen): void {
    if (flow !== undefined) this.flow = this.#flows.find(({ id }) => String(id) === flow);
    if (finding !== undefined) this.trouble = this.#data.troubles.find(({ id }) => String(id) === finding);
    this.#packet = packet;
  }

  list(list: List): Pane {
    const known = this.#lists.get(list);
    if (known) return known;
    const made = this.#make(list, this.#roomOf(list));
    this.#lists.set(list, made);
    return made;
  }

  #make(list: List, room: PaneRoom): Pane {
    switch (list) {
      case 'flows':
        return flowsPane({ ...this.#state, flows: this.#flows, of: this.#data.flows.length }, room);
      case 'findings':
        return findingsPane(this.#data.troubles, room);
      case 'topology':
        return topologyPane(this.#data, room);
      case 'packets':
        return packetsPane(this.#data, room, this.#packetChoice);
      case 'rules':
        return rulesPane(this.#data, room, {
          ...(this.flow && { flow: this.flow }),
          isHitOnly: this.#state.isNarrow,
          isMovedOnly: this.#state.isMovedOnly,
        });
    }
  }

  detail(list: List, room: PaneRoom, tried: (flow: LiveFlow, style: Style) => readonly string[]): Pane {
    const { analysis, now } = this.#data;
    if (list === 'findings') return findingDetailPane(this.trouble, analysis, room);
    if (list === 'packets') return packetDetailPane(this.#chosenPacket(), room);
    const { flow } = this;
    return flowDetailPane({ flow, analysis, now, tried: flow ? tried(flow, room.style) : [] }, room);
  }

  get #flows(): readonly LiveFlow[] {
    this.#shownFlows ??= this.#data.flows.filter(flowTest(this.#state.filter, this.#data.analysis));
    return this.#shownFlows;
  }

  /** Of the chosen flow, or of the filter, where that isn't words of flows. */
  get #packetChoice(): PacketChoice | undefined {
    const { isNarrow, filter: text } = this.#state;
    if (isNarrow && this.flow) return flowChoice(this.flow);
    const filter = text.trim() === '' ? undefined : filterOf(text, this.#data.analysis);
    return filter && filterChoice(filter, 0);
  }

  #chosenPacket(): KeptPacket | undefined {
    if (this.#packet === undefined) return undefined;
    const packets = this.#data.packets.list(this.#packetChoice);
    const row = packets.rowOf(this.#packet);
    return row === undefined ? undefined : packets.at(row);
  }
}
