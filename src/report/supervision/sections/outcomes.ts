import type { Markup } from '../../markup.ts';
import { total } from '../../outcomes.ts';
import { outcomeSection } from '../../sections/outcomes.ts';
import type { SupervisionReport } from '../data.ts';

/** How the texts of each stage ended. */
export const outcomes = ({ outcomes }: SupervisionReport): Markup | null =>
  outcomeSection(
    [],
    outcomes.filter(({ outcomes }) => total(outcomes) > 0),
  );
