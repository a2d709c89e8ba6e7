import { MockActivityEnvironment } from '@temporalio/testing';
import { expect, test } from 'vitest';
import { FineTuneMeter } from '../../src/activities/fine-tune-meter.ts';
import { RecordingMeter } from '../support/recording-meter.ts';

test('a fine-tune tells its state and its steps, and how often it waited for GPUs', async () => {
  const { meter, series } = new RecordingMeter();
  await new MockActivityEnvironment({}, { metricMeter: meter }).run(async () => {
    const fineTune = new FineTuneMeter('trl');
    fineTune.see({ state: 'queued', waitingFor: 'the GPU: process 7 (vLLM) holds it' });
    fineTune.see({ state: 'queued', waitingFor: 'the GPU: process 7 (vLLM) holds it' });
    expect(series).toMatchObject({ 'critique_loop_fine_tunes{state="queued"}': 1 });
    fineTune.see({ state: 'running', step: 3, total: 9, loss: null });
    fineTune.see({ state: 'running', step: 4, total: 9, loss: 0.5 });
    expect(series).toEqual({
      'critique_loop_fine_tunes{state="queued"}': 0,
      'critique_loop_fine_tunes{state="running"}': 1,
      'critique_loop_gpu_wait_seconds{user="trl"}': 1,
      critique_loop_fine_tune_step: 4,
      critique_loop_fine_tune_steps: 9,
      critique_loop_fine_tune_loss: 0.5,
    });
    fineTune.ended();
  });
  expect(series).toMatchObject({ 'critique_loop_fine_tunes{state="running"}': 0 });
});
