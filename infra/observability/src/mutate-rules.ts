import { findSurvivors } from './mutations/survivors.js';

/* `npm run mutate:rules`: breaks every alert and recording rule in every way, and prints what the tests do not notice. */

const { tried, survivors } = await findSurvivors((survivor) => {
  process.stdout.write(survivor === null ? '.' : `\n${survivor.rule}: ${survivor.change}\n`);
});
process.stdout.write(`\n${tried} mutants, ${survivors.length} survived\n`);
process.exitCode = survivors.length === 0 ? 0 : 1;
