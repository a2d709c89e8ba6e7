// A grading thread that does to itself what an answer asks for. Loaded by Node itself, like the product's.
import { serve } from '../../../dist/backends/grading/serve.js';

const busy = (ms) => {
  for (const until = Date.now() + ms; Date.now() < until; );
};

const tricks = {
  hang: () => busy(Number.POSITIVE_INFINITY),
  'hang in a regular expression': () => /^(a+)+$/.test(`${'a'.repeat(40)}b`),
  exit: () => process.exit(7),
  'fill memory': () => {
    for (const all = []; ; ) all.push(new Array(1e6).fill(all.length));
  },
  throw: () => {
    throw new Error('as asked');
  },
  'be slow': () => busy(150),
};

serve(({ response, answer = response?.text, answers }, alive) => {
  for (const _ of answers ?? []) {
    tricks['be slow']();
    alive();
  }
  tricks[answer]?.();
  return { outcome: 'equal', rule: answer };
});
