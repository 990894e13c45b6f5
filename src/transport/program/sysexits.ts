// What the exit status of a mail program means: a table after sysexits.h and Postfix's pipe(8).
// Pure; the program transport asks it.

/** What an exit status of a mail program means. */
interface ExitMeaning {
  readonly kind: "sent" | "deferred" | "failed" | "uncertain";
  readonly isRelayFault: boolean;
  /** The enhanced status code (RFC 3463) that says the same. */
  readonly enhanced: string | null;
  /** The meaning in words; null where it is not known. */
  readonly text: string | null;
}

const defer = (enhanced: string, text: string): ExitMeaning => ({
  kind: "deferred",
  isRelayFault: false,
  enhanced,
  text,
});
const fail = (enhanced: string, text: string): ExitMeaning => ({
  kind: "failed",
  isRelayFault: false,
  enhanced,
  text,
});
const blame = (enhanced: string, text: string): ExitMeaning => ({
  kind: "deferred",
  isRelayFault: true,
  enhanced,
  text,
});

/** sysexits.h, with the codes that Postfix's pipe(8) gives them; but where pipe(8) bounces, only
 *  what speaks of this message or this address is final here. 68 and 69 do not: msmtp says 68
 *  when it cannot resolve its relay, and 69 is every program's word for "something is wrong". */
const MEANINGS: Readonly<Record<number, ExitMeaning>> = {
  0: { kind: "sent", isRelayFault: false, enhanced: null, text: null },
  64: defer("4.3.0", "command line usage error"),
  65: fail("5.6.0", "data format error"),
  66: defer("4.3.0", "cannot open input"),
  67: fail("5.1.1", "user unknown"),
  68: defer("4.1.2", "host name unknown"),
  69: defer("4.3.0", "service unavailable"),
  70: defer("4.3.0", "internal software error"),
  71: defer("4.3.0", "system resource problem"),
  72: defer("4.3.0", "critical system file missing"),
  73: defer("4.2.0", "cannot create output file"),
  74: defer("4.3.0", "input/output error"),
  75: defer("4.3.0", "temporary failure"),
  76: defer("4.5.0", "remote error in protocol"),
  77: defer("4.7.0", "permission denied"),
  78: blame("4.3.5", "configuration error"),
  126: blame("4.3.5", "cannot execute"),
  127: blame("4.3.5", "command not found"),
};

const UNKNOWN: ExitMeaning = {
  kind: "deferred",
  isRelayFault: false,
  enhanced: "4.3.0",
  text: null,
};

/** Statuses whose meaning no word of the program's can change. */
const FIXED: readonly number[] = [0, 75, 78, 126, 127];

/** What the exit `status` means of a program that said `output`. An enhanced code at the
 *  beginning of the output, such as `5.1.1 no such user`, is clearer than a status and goes
 *  first, as in pipe(8). With `isShell`, a status over 128 is a command killed by a signal. */
export function judgeExit(
  status: number,
  { output, isShell }: { readonly output: string; readonly isShell: boolean },
): ExitMeaning {
  const [, enhanced, level] = /^(([45])\.\d{1,3}\.\d{1,3})(?!\S)/.exec(output) ?? [];
  if (enhanced !== undefined && !FIXED.includes(status)) {
    const kind = level === "5" ? "failed" : "deferred";
    return { kind, isRelayFault: false, enhanced, text: MEANINGS[status]?.text ?? null };
  }
  if (isShell && status > 128 && status <= 128 + 64) {
    const text = `killed by signal ${status - 128}`;
    return { kind: "uncertain", isRelayFault: false, enhanced: null, text };
  }
  return MEANINGS[status] ?? UNKNOWN;
}
