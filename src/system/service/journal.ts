// Whether standard error goes to systemd's journal, which then reads how important a line is from
// its beginning (sd-daemon(3)) and notes the time itself. The log asks it.

/** Whether standard error is the stream that systemd made for the journal. */
export function isJournal(env: Readonly<Record<string, string>>): boolean {
  const stream = env.JOURNAL_STREAM;
  if (!stream) return false;
  try {
    // A shell's redirection leaves the variable and changes the file.
    const { dev, ino } = Deno.statSync("/proc/self/fd/2");
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
