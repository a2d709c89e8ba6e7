#!/usr/bin/env node
// Loading the program is what a heap without bounds grows by most.
import './bound-heap.ts';

await import('./program.ts');
