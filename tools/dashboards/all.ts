import type { Dashboard } from './dashboard';
import { platformDashboard } from './platform-dashboard';
import { serviceDashboard } from './service-dashboard';
import { streamDashboard } from './stream-dashboard';

/** Where Grafana finds them. */
export const DASHBOARDS_DIRECTORY = 'deploy/grafana';

/** The dashboards that are shipped, by the names of their files. */
export const DASHBOARDS: Readonly<Record<string, Dashboard>> = {
  'platform.json': platformDashboard,
  'stream.json': streamDashboard,
  'service.json': serviceDashboard,
};
