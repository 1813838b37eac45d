/** What a dashboard is made of, before Grafana's own form of it. */
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  /** For whom, and what to read first. */
  readonly description: string;
  /** Whether it can be narrowed to some channels: its queries then select `channel=~"$channel"`. */
  readonly byChannel: boolean;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Panel {
  readonly title: string;
  /** What it shows, and what is well. */
  readonly description: string;
  readonly kind: 'figure' | 'lines' | 'stacked' | 'states';
  /** Grafana's name of it. */
  readonly unit: string;
  readonly queries: readonly Query[];
  /** From which value on it is coloured; the first colour is that of everything below. Default none. */
  readonly colours?: Colours;
  readonly decimals?: number;
  /** Of 24 columns; default 4 for a figure, 12 else. */
  readonly width?: number;
  /** Alerts whose runbooks belong to it. */
  readonly alerts?: readonly string[];
}

interface Query {
  readonly expr: string;
  /** Grafana's template, such as `{{channel}}`. */
  readonly legend?: string;
}

export type Colours = readonly [string, ...(readonly [number, string])[]];

export const GOOD_IF_ZERO: Colours = ['green', [1, 'red']];
