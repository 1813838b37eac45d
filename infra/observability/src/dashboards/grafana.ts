import type { Dashboard, Panel, Row } from './dashboard.js';

const DATASOURCE = { type: 'prometheus', uid: 'callpost-prometheus' };
const COLUMNS = 24;
const FIGURE_HEIGHT = 4;
const GRAPH_HEIGHT = 8;

/** The JSON that Grafana provisions. */
export function grafanaDashboard({ uid, title, description, byChannel, rows }: Dashboard): object {
  return {
    uid,
    title,
    description,
    tags: ['callpost'],
    schemaVersion: 39,
    version: 1,
    editable: false,
    // One crosshair over all graphs.
    graphTooltip: 1,
    timezone: 'browser',
    refresh: '15s',
    time: { from: 'now-1h', to: 'now' },
    links: [{ type: 'dashboards', title: 'Callpost', tags: ['callpost'], includeVars: true, keepTime: true }],
    templating: { list: byChannel ? [channelVariable()] : [] },
    annotations: { list: [firingPages()] },
    panels: layOut(rows),
  };
}

function channelVariable() {
  return {
    name: 'channel',
    label: 'Channel',
    type: 'query',
    datasource: DATASOURCE,
    query: { query: 'label_values(callpost_queue_jobs, channel)', refId: 'channel' },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: 'All', value: '$__all' },
  };
}

/** A red band over every graph while somebody is being woken. */
function firingPages() {
  return {
    name: 'Pages',
    datasource: DATASOURCE,
    enable: true,
    expr: 'ALERTS{alertname=~"Callpost.*", alertstate="firing", severity="page"}',
    iconColor: 'red',
    titleFormat: '{{alertname}} {{channel}}',
  };
}

/** From left to right and from top to bottom, each row under a heading. */
function layOut(rows: readonly Row[]): object[] {
  const all: object[] = [];
  let y = 0;
  for (const { title, panels } of rows) {
    all.push({
      id: all.length + 1,
      type: 'row',
      title,
      collapsed: false,
      panels: [],
      gridPos: { h: 1, w: COLUMNS, x: 0, y },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of panels) {
      const w = panel.width ?? (panel.kind === 'figure' ? 4 : 12);
      const h = panel.kind === 'figure' ? FIGURE_HEIGHT : GRAPH_HEIGHT;
      if (x + w > COLUMNS) {
        y += height;
        [x, height] = [0, 0];
      }
      all.push({ id: all.length + 1, ...panelOf(panel), gridPos: { h, w, x, y } });
      x += w;
      height = Math.max(height, h);
    }
    y += height;
  }
  return all;
}

function panelOf({ title, description, kind, unit, queries, colours, decimals, alerts = [] }: Panel): object {
  const runbooks = alerts.map((alert) => `docs/runbooks/${alert}.md`).join(', ');
  return {
    type: { figure: 'stat', lines: 'timeseries', stacked: 'timeseries', states: 'state-timeline' }[kind],
    title,
    description: runbooks === '' ? description : `${description} Runbook: ${runbooks}`,
    datasource: DATASOURCE,
    fieldConfig: {
      defaults: {
        unit,
        ...(decimals === undefined ? {} : { decimals }),
        ...(colours === undefined ? {} : coloured(colours)),
        ...(kind === 'lines' || kind === 'stacked'
          ? { min: 0, custom: graph(kind, colours !== undefined) }
          : {}),
      },
      overrides: [],
    },
    options: {
      figure: { reduceOptions: { calcs: ['lastNotNull'] }, colorMode: 'value', graphMode: 'area' },
      lines: {
        legend: { displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      stacked: {
        legend: { displayMode: 'list', placement: 'bottom' },
        tooltip: { mode: 'multi', sort: 'desc' },
      },
      states: { showValue: 'never', mergeValues: true, legend: { displayMode: 'hidden' } },
    }[kind],
    targets: queries.map(({ expr, legend = '' }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat: legend,
    })),
  };
}

function coloured([base, ...steps]: NonNullable<Panel['colours']>) {
  return {
    color: { mode: 'thresholds' },
    thresholds: {
      mode: 'absolute',
      steps: [{ color: base, value: null }, ...steps.map(([value, color]) => ({ color, value }))],
    },
  };
}

function graph(kind: 'lines' | 'stacked', hasThresholds: boolean) {
  return {
    lineWidth: 1,
    fillOpacity: kind === 'stacked' ? 40 : 8,
    showPoints: 'never',
    stacking: { mode: kind === 'stacked' ? 'normal' : 'none' },
    ...(hasThresholds ? { thresholdsStyle: { mode: 'dashed' } } : {}),
  };
}
