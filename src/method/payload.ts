const MEGABYTE = 1024 * 1024;

/** Temporal refuses 2 MB, and keeps all of it for as long as it keeps the run. */
export const MOST_PAYLOAD = MEGABYTE;

/** What is said of more. */
export const PAYLOAD_EXPECTED = 'expected at most 1 MB: rows belong into the store';

const encoder = new TextEncoder();

/** Bytes of a value in history. */
export const payloadBytes = (value: unknown): number => encoder.encode(JSON.stringify(value) ?? '').length;

export const megabytes = (bytes: number): string => `${(bytes / MEGABYTE).toFixed(1)} MB`;
