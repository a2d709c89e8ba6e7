import fc from 'fast-check';

/** fast-check on the same examples in each run; `PROPERTY_SEED=7 npm run test:unit` looks at others. */
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 1) });
export default fc;
