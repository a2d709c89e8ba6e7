import type { Markup } from '../../markup.ts';
import { artifactSection } from '../../sections/artifacts.ts';
import type { SupervisionReport } from '../data.ts';

/** What the run left on storage. */
export const artifacts = ({ artifacts }: Pick<SupervisionReport, 'artifacts'>): Markup | null =>
  artifactSection('Artifacts on storage', artifacts);
