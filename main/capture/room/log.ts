/** How a room reports what happens inside it; the capture process turns each call into one `log` message. Never receives secrets. */
export type RoomLog = (
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  data?: Record<string, unknown>,
) => void;
