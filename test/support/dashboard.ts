interface Panel {
  title: string;
  targets?: { expr: string }[];
}

export interface PanelQuery {
  panel: string;
  query: string;
}

/** What the panels of a Grafana dashboard ask Prometheus, with a window in the place of Grafana's variable. */
export function queriesOf(dashboard: string, window = '1m'): PanelQuery[] {
  const { panels } = JSON.parse(dashboard) as { panels: Panel[] };
  return panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({ panel: title, query: expr.replaceAll('$__rate_interval', window) })),
  );
}
