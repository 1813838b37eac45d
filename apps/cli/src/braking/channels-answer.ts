import type { Answer } from '../output/form.js';
import { type Column, tableText } from '../output/table.js';
import { ageText } from '../output/words.js';
import {
  type ChannelView,
  channelDocument,
  stateAgeMs,
  stateColour,
  stateDetails,
  stateWord,
} from './channel-view.js';

export const NO_CHANNEL =
  'No channel yet: no producer and no worker has used this Redis, and none is configured here.\n';

export function channelsAnswer(views: readonly ChannelView[]): Answer {
  const documents = views.map(channelDocument);
  return {
    table: (drawing) => (views.length === 0 ? NO_CHANNEL : tableText(COLUMNS, views, drawing)),
    json: { channels: documents },
    ndjson: documents,
  };
}

const COLUMNS: readonly Column<ChannelView>[] = [
  { header: 'CHANNEL', text: ({ channel }) => channel },
  {
    header: 'STATE',
    text: ({ state }) => stateWord(state),
    colour: ({ state }) => stateColour(state),
  },
  { header: 'FOR', align: 'right', text: ({ state }) => ageOrNone(stateAgeMs(state)) },
  { header: 'MORE', text: ({ state }) => stateDetails(state) || '-' },
];

function ageOrNone(ageMs: number | null): string {
  return ageMs === null ? '-' : ageText(ageMs);
}
