#!/usr/bin/env node
// Passes for a Python interpreter that runs deploy/grader/verify.py. Knows one number by name, and misbehaves as an answer asks.
import { createInterface } from 'node:readline';

let asked = 0;
const say = (value) => console.log(JSON.stringify(value));

say({ ready: 'fake' });
for await (const line of createInterface({ input: process.stdin })) {
  asked++;
  const { answer, reference } = JSON.parse(line);
  if (answer === 'hang') continue;
  if (answer === 'die') process.exit(3);
  if (answer === 'count') say({ failed: `asked ${asked} times`, ms: 1 });
  else say({ equal: answer === `the number ${reference}`, ms: 1 });
}
