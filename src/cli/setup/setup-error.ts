/** Something on this machine is missing or wrong. The message is all that a user needs; print it without a stack. */
export class SetupError extends Error {
  override readonly name = 'SetupError';
}
