/** The namespaces with their links, what passes them, and where flows die. */

import { topologyTree } from '../../report/text/topology.ts';
import type { ScreenData } from '../data.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';

export function topologyPane(data: ScreenData, room: PaneRoom): Pane {
  const { analysis } = data;
  const lines = analysis
    ? topologyTree(analysis.topology, { width: room.width, color: false }).split('\n')
    : [];
  return textPane('Topology', lines, 'The host has not been analysed yet.');
}
