/** A plain mail of about `sizeBytes` bytes, as scripts send them. */
export function mail(sizeBytes: number, n = 0): Uint8Array {
  const header = `From: Cron <cron@sender.test>\r\nTo: ops${n % 1000}@receiver.test\r\n` +
    `Subject: Report number ${n}\r\nMIME-Version: 1.0\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\n\r\n`;
  const line = "All systems are running as they should, and so does this line of text.\r\n";
  const lines = Math.max(1, Math.round((sizeBytes - header.length) / line.length));
  return new TextEncoder().encode(header + line.repeat(lines));
}
