/** The rules that packets meet, with their counters as they move. */
import type { LiveFlow } from '../../live/flow-book.ts';
import type { ScreenData } from '../data.ts';
import { type Pane, type PaneRoom, textPane } from '../pane.ts';

export interface RulesView {
  /** Whose rules are marked. */
  readonly flow?: LiveFlow;
  /** Only those whose counters moved between the last two readings. */
  readonly isMovedOnly?: boolean;
}

export function rulesPane(_data: ScreenData, _room: PaneRoom, _view: RulesView = {}): Pane {
  return textPane('Rules', [], 'No rules have been read yet.');
}
