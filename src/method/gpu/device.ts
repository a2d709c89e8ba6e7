/** GPUs of one kind. */
export interface Gpus {
  count: number;
  /** GiB of each. */
  memory: number;
  /** As nvidia-smi calls it; null where only the memory is known. */
  name: string | null;
}

export interface Device {
  name: string;
  /** Dense bfloat16, in TFLOP/s, and memory bandwidth in TB/s, by NVIDIA's data sheets. */
  tflops: number;
  bandwidth: number;
}

const DEVICES: readonly Device[] = [
  { name: 'B200', tflops: 2250, bandwidth: 8 },
  { name: 'H200', tflops: 989, bandwidth: 4.8 },
  { name: 'H100', tflops: 989, bandwidth: 3.35 },
  { name: 'A100', tflops: 312, bandwidth: 2 },
  { name: 'L40S', tflops: 362, bandwidth: 0.86 },
  { name: 'RTX 4090', tflops: 165, bandwidth: 1 },
  { name: 'A10', tflops: 125, bandwidth: 0.6 },
  { name: 'L4', tflops: 121, bandwidth: 0.3 },
  { name: 'T4', tflops: 65, bandwidth: 0.3 },
];

/** By name; else the slowest of the usual ones with so much memory. */
export function deviceOf({ name, memory }: Gpus): Device {
  const named = DEVICES.find((device) => name?.includes(device.name));
  if (named) return named;
  const usual = memory >= 120 ? 'H200' : memory >= 70 ? 'A100' : memory >= 40 ? 'L40S' : memory >= 20 ? 'A10' : 'T4';
  return DEVICES.find((device) => device.name === usual)!;
}
