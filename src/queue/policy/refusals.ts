// What a relay's refusal is about: a table of replies that real servers give, a row a provider and
// reply, the first row that fits decides. Delivery asks it of every refusal after the rules of the
// settings; what no row knows is "unknown", and judged by what happens to other mail (suspicion).
// A new reply is a new row, with its source and the reply itself: tests read every row's `sample`.

import type { Phase, Reply } from "../outcome.ts";
import { wordsOf } from "./refusal_words.ts";

/** Whom a refusal is about. `recipient` and `message` are the mail's own; `throttling` means later,
 *  within seconds, and more slowly. */
export type RefusalSubject =
  | "recipient"
  | "message"
  | "sender"
  | "relay"
  | "quota"
  | "throttling"
  | "unknown";

interface Refusal {
  readonly about: RefusalSubject;
  /** What a person can do about it; null where there is nothing to say. */
  readonly hint: string | null;
}

interface RefusalRow extends Refusal {
  readonly provider: string;
  /** Where the reply is documented or was reported. */
  readonly source: string;
  /** A reply as it is really given, codes included. */
  readonly sample: string;
  /** Where the row holds in a conversation; absent = everywhere. */
  readonly phases?: readonly Phase[];
  /** The first digit of the code; absent = 4 or 5. */
  readonly class?: 4 | 5;
  readonly code?: readonly number[];
  readonly enhanced?: RegExp;
  /** Read from the words of the reply, without addresses and URLs. */
  readonly text?: RegExp;
}

const QUOTA_HINT = "the relay's limit is used up; mailq tries again by itself, " +
  "`mailq resume --relay NAME` tries at once";
const BLOCK_HINT = "the relay does not want mail from this machine's address: see to its block " +
  "list, reverse DNS or firewall";
const LOGIN_HINT = "see to user and password of the relay, or to the account there";
const OAUTH_HINT = "the relay no longer takes passwords for this account: it wants OAuth2 " +
  "(set `oauth.provider` and `oauth.client_id`, then `mailq login NAME`)";
const HELO_HINT = "set `hostname` to this machine's full name";
const RELAY_HINT =
  "the relay does not send mail for us: it wants a login, or this machine's address " +
  "on its list";
/** Of a sender that the relay does not take; the address is to be put in. */
export const SENDER_HINT =
  "the relay does not let us send as this sender: allow it there, or set " +
  "`force_from`; then `mailq resume --sender ADDRESS`";
const THROTTLE_HINT =
  "the relay wants fewer messages or connections at a time; mailq slows down by " +
  "itself";

const recipient = { about: "recipient", hint: null } as const;
const message = { about: "message", hint: null } as const;
const sender = { about: "sender", hint: SENDER_HINT } as const;
const quota = { about: "quota", hint: QUOTA_HINT } as const;
const blocked = { about: "relay", hint: BLOCK_HINT } as const;
const login = { about: "relay", hint: LOGIN_HINT } as const;
const throttling = { about: "throttling", hint: THROTTLE_HINT } as const;

const RFC3463 = "RFC 3463, section 3";

/** The table. Rows of a provider's own codes stand before those that read words. */
// deno-fmt-ignore
export const REFUSALS: readonly RefusalRow[] = [
  // ------------------------------------------------ limits of the relay, by the provider's own codes
  { provider: "Gmail", source: "support.google.com/a/answer/3726730; gophish issue 1604, PHPMailer issue 2113",
    sample: "550 5.4.5 Daily user sending limit exceeded. For more information on Gmail sending limits go to https://support.google.com/a/answer/166852 a1-20 - gsmtp",
    enhanced: /^[45]\.4\.5$/,
    text: /\b(limit|quota)/i, ...quota },
  { provider: "Exchange", source: "OfficeDocs-Support issue 1150",
    sample: "554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message due to a permanent exception with message The message can't be submitted because the sender's submission quota was exceeded.",
    text: /SubmissionQuota|submission quota/i, ...quota },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
    enhanced: /^5\.1\.90$/, ...quota },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.7.233 Your message can't be sent because your tenant exceeded its daily limit for sending email to external recipients (tenant external recipient rate limit)",
    enhanced: /^5\.7\.23[23]$/, ...quota },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.7.705 Access denied, tenant has exceeded threshold",
    enhanced: /^5\.7\.(705|750)$/, ...quota },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.7.708 Service unavailable. Access denied, traffic not accepted from this IP",
    enhanced: /^5\.7\.(708|50[123]|511|60[6-9]|6[1-4]\d)$/, ...blocked },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.1.8 Access denied, bad outbound sender",
    enhanced: /^5\.1\.8$/, ...sender },
  { provider: "Exchange Online", source: "opencti issue 12069",
    sample: "550 5.7.30 Basic authentication is not supported for Client Submission.",
    enhanced: /^5\.7\.(30|139)$/, about: "relay", hint: OAUTH_HINT },
  { provider: "Gmail", source: "support.google.com/mail/answer/185833",
    sample: "534 5.7.9 Application-specific password required. For more information, go to https://support.google.com/mail/?p=InvalidSecondFactor",
    text: /\bapplication-specific password\b|\bbasic auth\w* (is |was )?(disabled|blocked|not (supported|allowed))/i, about: "relay", hint: OAUTH_HINT },
  { provider: "Exchange", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "530 5.7.57 Client not authenticated to send mail.",
    enhanced: /^5\.7\.57$/, ...login },
  { provider: "Exchange", source: "gophish issue 2900, pkp-lib issue 7412",
    sample: "554 5.2.252 SendAsDenied; u@example.org not allowed to send as x@example.org",
    enhanced: /^5\.2\.252$/, ...sender },
  { provider: "Exchange", source: "learn.microsoft.com, SmtpResponse.SendAsDenied",
    sample: "550 5.7.60 SMTP; Client does not have permissions to send as this sender",
    enhanced: /^5\.7\.60$/, ...sender },
  { provider: "Zoho", source: "zoho.com/mail/help, outgoing limits",
    sample: "550 5.4.6 Unusual sending activity detected. Please try after sometime",
    text: /\bunusual (sending|outgoing) activity\b/i, ...quota },
  // --------------------------------- the recipient's own, in words that others use of the relay
  { provider: "any", source: RFC3463,
    sample: "552 5.2.2 <a@example.org>: mailbox is full: over quota",
    enhanced: /^[45]\.2\.[1-4]$/, ...recipient },
  { provider: "Exchange", source: "learn.microsoft.com, NDR codes of Exchange Online: restricted recipients",
    sample: "550 5.7.133 RESOLVER.RST.SenderNotAuthenticatedForGroup; authentication required; Delivery restriction check failed because the sender was not authenticated when sending to this group",
    enhanced: /^5\.7\.1[23]\d$/, ...recipient },
  { provider: "Yahoo", source: "senders.yahooinc.com, SMTP error codes",
    sample: "554 delivery error: dd Sorry your message to a@example.org cannot be delivered. This account has been disabled or discontinued [#102].",
    text: /\b(delivery error|cannot be delivered)\b|\bdisabled or discontinued\b/i, ...recipient },
  { provider: "any", source: "common wording of full and closed mailboxes",
    sample: "552 <bob@example.org> account is full (quota exceeded)",
    phases: ["rcpt", "data", "content", "dot"],
    text: /\b(account|user|mailbox)\b[^.;]*\b(is|are) (over )?full\b|\bquota (is )?exceeded for (the )?(user|mailbox|account|recipient)/i, ...recipient },
  { provider: "any", source: "common wording of full and closed mailboxes",
    sample: "550 5.7.1 This account is suspended",
    phases: ["rcpt"],
    text: /^(?!.*\b(your|sending|sender|smtp|from)\b).*\baccount\b.*\b(suspended|disabled|discontinued|closed|inactive|locked)\b/i, ...recipient },
  { provider: "any", source: "common wording of content filters",
    sample: "554 5.7.1 Message contains a URL listed in dbl.spamhaus.org",
    phases: ["data", "content", "dot"],
    text: /\b(message|mail|content|body|text|attachment) (contains?|includes?)\b|\bURLs?\b|\b(dbl|surbl|uribl)\b/i, ...message },
  // ------------------------------------------------------------------------- throttling
  { provider: "Amazon SES", source: "docs.aws.amazon.com/ses, SMTP response codes",
    sample: "454 Throttling failure: Daily message quota exceeded.",
    text: /\b(daily|24[- ]hour|monthly)\b.*\b(quota|limit)\b.*\b(exceeded|reached)\b/i, ...quota },
  { provider: "Amazon SES", source: "docs.aws.amazon.com/ses, SMTP response codes; listmonk issue 2273",
    sample: "454 Throttling failure: Maximum sending rate exceeded.",
    text: /\bthrottl(ing|ed)\b/i, ...throttling },
  { provider: "Exchange Online", source: "OfficeDocs-Support pull request 1991",
    sample: "432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded",
    text: /\bthread limit\b/i, ...throttling },
  { provider: "Exchange Online", source: "fastapi-mail issue 75",
    sample: "432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending for more information.",
    code: [432], ...throttling },
  { provider: "Postfix", source: "Postfix, smtpd.c and anvil(8)",
    sample: "421 4.7.0 mx1.example.org Error: too many connections from 192.0.2.1",
    text: /\btoo many (\w+ ){0,2}(connection|session)s?\b|\b(concurrent|simultaneous|parallel)\b.*\b(connection|session)/i, ...throttling },
  { provider: "Postfix", source: "Postfix, smtpd.c and anvil(8)",
    sample: "450 4.7.1 Error: too much mail from 192.0.2.1",
    class: 4,
    text: /\btoo (much mail|many (messages|e?mails|new recipients))\b/i, ...throttling },
  { provider: "Gmail", source: "support.google.com/a/answer/3726730",
    sample: "421 4.7.28 Gmail has detected an unusual rate of unsolicited mail originating from your IP address.",
    class: 4, enhanced: /^4\.7\.28$/, ...throttling },
  { provider: "any", source: "common wording of rate limits",
    sample: "451 4.7.1 Rate limit exceeded, slow down",
    text: /\b(rate|speed|frequency)\b.*\b(limit|exceed|too|control)|\b(slow down|too (fast|quickly))\b|\bratelimit/i, ...throttling },
  { provider: "Yahoo", source: "senders.yahooinc.com, SMTP error codes",
    sample: "421 4.7.0 [TSS04] Messages from 192.0.2.1 temporarily deferred due to unexpected volume or user complaints",
    class: 4,
    text: /\bunexpected volume\b|\buser complaints\b/i, ...throttling },
  { provider: "Rackspace, GMX, IONOS", source: "nodemailer issue 1137",
    sample: "550 User ops@example.org has exceeded its 24-hour sending limit. Messages to 25 recipients out of 25 allowed have been sent. Relay quota will reset in 3.05 hours.",
    text: /\b(send(ing)?|outgoing|outbound|relay|submission) (limit|quota|allowance)\b/i, ...quota },
  // ------------------------------------------------ the recipient's and the message's own, by code
  { provider: "any", source: RFC3463,
    sample: "450 4.2.0 <a@example.org>: Recipient address rejected: Greylisted",
    text: /\bgr[ae]y-?list/i, ...recipient },
  { provider: "any", source: RFC3463,
    sample: "550 5.1.1 <a@example.org>: Recipient address rejected: User unknown in virtual mailbox table",
    phases: ["rcpt", "data", "content", "dot"], enhanced: /^[45]\.1\.(0|1|2|3|4|5|6|9|10|11|20)$/, ...recipient },
  { provider: "any", source: "common wording where there is no enhanced code",
    sample: "552 Mailbox quota exceeded",
    phases: ["rcpt", "data", "content", "dot"],
    text: /\b(mailbox|inbox|mail ?box)\b.*\b(full|quota|limit|exceed|size|storage)|\b(over|out of|insufficient) (the )?(quota|storage|disk)|\b(disk|storage)( space)? quota|\b(recipient|user)('s)? (is )?(over|has exceeded).*\b(quota|storage)/i, ...recipient },
  { provider: "any", source: "RFC 1870, section 6.1",
    sample: "552 5.3.4 Message size exceeds fixed maximum message size",
    enhanced: /^5\.(3\.4|6\.\d+)$/, ...message },
  { provider: "any", source: "RFC 1870; common wording where there is no enhanced code",
    sample: "552 message too large, the limit is 10485760 bytes",
    text: /\b(message|mail|content|data|attachment)s?\b.*\b(too (big|large|long)|size|length|bytes)|\b(size|line length)\b.*\b(limit|exceed|maximum|is)|\blines? (is |are )?too long/i, ...message },
  { provider: "any", source: "RFC 5321, section 4.5.3.1.8",
    sample: "554 5.5.3 Too many recipients for this message",
    enhanced: /^[45]\.5\.3$/, ...message },
  { provider: "any", source: "RFC 5321, section 6.3",
    sample: "554 5.4.6 Too many hops, mail loop detected",
    text: /\b(too many hops|hop count|mail loop|loop(ing)? detected|loops back)\b/i, ...message },
  // ---------------------------------------------------------------------- login, HELO, relaying
  { provider: "Postfix", source: "docker-smtp issue 5, bitwarden server issue 4062",
    sample: "504 5.5.2 <15b0717dc4c2>: Helo command rejected: need fully-qualified hostname",
    text: /\b(he|eh)lo\b(?! first)/i, about: "relay", hint: HELO_HINT },
  { provider: "Sendmail", source: "Sendmail, srvrsmtp.c",
    sample: "501 5.0.0 Invalid domain name",
    phases: ["hello", "mail"],
    text: /^\W*invalid domain name\W*$/i, about: "relay", hint: HELO_HINT },
  { provider: "any", source: "RFC 4954, section 6",
    sample: "530 5.7.0 Authentication required",
    code: [530, 534, 535, 538], ...login },
  { provider: "any", source: "common wording of submission servers",
    sample: "550 5.7.1 Client was not authenticated",
    text: /\bauthenticat(ion|e|ed)\b.*\b(required|needed|first|fail|unsuccessful|must|enabled?|expired)|\b(not|must( be)?|please|need to|required? to)\b[^.;]*\b(authenticate|log(ged)? ?(in|on)\b|use smtp auth)|\bbasic auth(entication)?\b|\bturn on smtp auth|\bnot logged in\b/i, ...login },
  { provider: "any", source: "RFC 7208, section 8.4",
    sample: "550 5.7.1 SPF check failed: 192.0.2.1 is not allowed to send mail for example.org",
    text: /\b(spf|dmarc)\b/i, ...sender },
  { provider: "Amazon SES", source: "docs.aws.amazon.com/ses, SMTP response codes",
    sample: "554 Message rejected: Sending suspended for this account.",
    text: /\b(your|this|sending|smtp|sender('s)?) (e-?mail )?(account|user|plan|subscription|domain|service)\b.*\b(suspended|disabled|locked|blocked|inactive|not active|restricted|deactivated|frozen|terminated|expired|on hold)|\bsending\b.*\b(suspended|disabled|paused)\b.*\baccount|\b(suspended|disabled|locked|restricted)\b.*\bfrom sending\b/i, ...login },
  { provider: "any", source: "common wording for an account that was switched off",
    sample: "554 5.7.1 Account is disabled",
    phases: ["mail", "data", "content", "dot"],
    text: /\b(account|user|domain)\b.*\b(suspended|disabled|locked|inactive|not active|deactivated)\b/i, ...login },
  { provider: "Mailgun", source: "documentation.mailgun.com, sandbox domains",
    sample: "421 Domain sandbox1.mailgun.org is not allowed to send: Sandbox subdomains are for test purposes only",
    text: /\b(sandbox|is not allowed to send|domain .*not (active|verified))\b/i, ...login },
  { provider: "Exchange Online", source: "learn.microsoft.com, NDR codes of Exchange Online",
    sample: "550 5.7.64 TenantAttribution; Relay Access Denied",
    enhanced: /^5\.7\.(54|64)$/, about: "relay", hint: RELAY_HINT },
  // -------------------------------------------------------------------------------- senders
  { provider: "Zoho", source: "fcron issue 15",
    sample: "553 Relaying disallowed as root@server1.example.org",
    text: /\brelay(ing)? disallowed as\b/i, ...sender },
  { provider: "Postfix", source: "zulip issue 10879, mailcow issue 253",
    sample: "553 5.7.1 <ops@example.org>: Sender address rejected: not owned by user z@example.org",
    text: /\bsender\b( address)?.*\b(reject|denied|not (allowed|verified|valid|authori[sz]ed|owned|accepted|registered|permitted)|unverified|verif\w* failed|unknown|invalid|does not exist|mismatch)/i, ...sender },
  { provider: "Sendmail", source: "Sendmail, check_mail ruleset",
    sample: "553 5.5.4 root... Domain name required for sender address root",
    text: /\b(domain name required|domain of sender|sender domain|sender's domain|envelope sender|badmailfrom)\b/i, ...sender },
  { provider: "Exchange", source: "rss2email issue 147, MailKit issue 1176",
    sample: "550 5.7.1 Client does not have permission to send as this sender",
    text: /\bsend(ing)?[ -]?(as|on behalf|from)\b.*\b(denied|not|permission|allowed|this)|\b(not|permission)\b.*\bsend(ing)? (as|on behalf|from) (this|that|the|another|other)|\bSendAsDenied\b/i, ...sender },
  { provider: "SendGrid", source: "docs.sendgrid.com, sender identities",
    sample: "550 The from address does not match a verified Sender Identity. Mail cannot be sent until this error is resolved.",
    text: /\b(from|mail from|return[- ]path|envelope)( header)?( e?-?mail)? (address|domain|field)\b.*\b(not|does|must|match|reject|invalid|unverified|denied)/i, ...sender },
  { provider: "Amazon SES", source: "docs.aws.amazon.com/ses, SMTP response codes",
    sample: "554 Message rejected: Email address is not verified. The following identities failed the check in region EU-WEST-1: root@example.org",
    text: /\b(identit(y|ies)|e?-?mail address|address) (is |are )?(not verified|failed the check)\b|\bsender (identity|signature)\b|\bunauthenticated senders?\b/i, ...sender },
  { provider: "Microsoft, Gmail", source: "RFC 7372; support.google.com/a/answer/3726730; smtp-codes pull request 7",
    sample: "550 5.7.26 This mail has been blocked because the sender is unauthenticated.",
    enhanced: /^5\.7\.(2[0-9]|509|515)$/,
    text: /\b(spf|dkim|dmarc|unauthenticated|sender|authentication)\b/i, ...sender },
  { provider: "any", source: RFC3463,
    sample: "553 5.1.7 Bad sender's mailbox address syntax",
    enhanced: /^5\.1\.[78]$/, ...sender },
  // ---------------------------------------------------------------------------------- relaying
  { provider: "Postfix, Exim, Sendmail", source: "the default texts of these servers",
    sample: "554 5.7.1 <a@example.net>: Relay access denied",
    text: /\brelay(ing)?\b.*\b(denied|not (permitted|allowed|authori[sz]ed)|prohibited|rejected|disabled)|\b(unable|not (permitted|allowed|authori[sz]ed)|cannot|don't|do not|refuse)\b.*\brelay|\brcpthosts\b/i, about: "relay", hint: RELAY_HINT },
  // ------------------------------------------------------------------- blocks of our address
  { provider: "Postfix", source: "Postal issue 60; Postfix, reject_rbl_client",
    sample: "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1",
    text: /\bblocked using\b|\b(dns|real-?time|ip|sender) ?b(lock|lack) ?list|\b(dns)?[rb]bl\b|\bspamhaus\b|\bspamcop\b|\bbarracuda(central)?\b|\bsorbs\b/i, ...blocked },
  { provider: "Gmail", source: "support.google.com/a/answer/3726730; Postal issue 60",
    sample: "550 5.7.1 [192.0.2.1 19] Our system has detected that this message is suspicious due to the very low reputation of the sending IP address.",
    text: /\b(low|bad|poor|sender|ip|sending)\b.*\breputation\b|\breputation\b.*\b(low|bad|poor|ip)\b/i, ...blocked },
  { provider: "Outlook.com", source: "mail.live.com, troubleshooting",
    sample: "550 5.7.1 Unfortunately, messages from [192.0.2.1] weren't sent. Please contact your Internet service provider since part of their network is on our block list (S3140).",
    text: /\b(block|black|deny) ?list(ed)?\b|\bbanned\b|\bS31[45]0\b/i, ...blocked },
  { provider: "Postfix", source: "Postfix, smtpd_client_restrictions",
    sample: "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
    text: /\bclient (host|address|ip|network)\b.*\b(reject|denied|refus|block)|\breverse (dns|hostname|lookup|name)|\b(no|missing|find your|without) (ptr|rdns|hostname)\b|\brdns\b/i, ...blocked },
  { provider: "any", source: "common wording of blocks by address",
    sample: "554 Your IP address 192.0.2.1 is not allowed to connect",
    text: /\b(your|this|sending|source|client|remote|connecting|dynamic) (ip|host|server|network|isp|address range)\b.*\b(block|denied|deny|not (allowed|permitted|authori[sz]ed|accepted)|reject|refus|suspicious|listed|dynamic)|\b(block|denied|reject|refus|not accept)\w*\b.*\b(your|this|sending|source|client|dynamic) (ip|host|server|network)|\bip\b.*\b(is|has been|was) (\w+ )?(blocked|denied|listed|rejected)/i, ...blocked },
  { provider: "T-Online", source: "postmaster.t-online.de",
    sample: "554 IP=192.0.2.1 - A problem occurred. (Ask your postmaster for help or to contact tobr@rx.t-online.de to clarify.)",
    text: /^\W*ip=/i, ...blocked },
  // -------------------------------------------------------------------- limits, by their words
  { provider: "cPanel", source: "cPanel's Exim configuration",
    sample: "550 Domain example.org has exceeded the max emails per hour (152/150 (101%)) allowed. Message discarded.",
    text: /\b(emails?|messages?|mails?|rcpts?|recipients?|defers)\b.*\bper (\d+ )?(hours?|day|minutes?|month|week|24)\b|\bper (hour|day|month)\b.*\b(limit|quota|exceed)/i, ...quota },
  { provider: "any", source: "nodemailer issue 1137, AVideo issue 7527, PlaceCal issue 2297, GMX and IONOS",
    sample: "451 You have exceeded your messaging limits",
    text: /\b(quota|limits?|allowance|credits?|threshold|maximum number|max(imum)? (e-?mails?|messages?))\b.*\b(exceed|reach|over\b|hit\b|used|exhaust|spent|up\b)|\b(exceed|reach|over\b|hit\b|exhaust|out of|used up)\w*.*\b(quota|limits?|allowance|credits?|threshold)\b|\bno credits\b/i, ...quota },
  // ------------------------------------------------------------------------------ content, users
  { provider: "any", source: "common wording of content filters",
    sample: "554 5.7.1 Message rejected as spam by content filter",
    phases: ["data", "content", "dot"],
    text: /\b(spam|virus|malware|phishing|infected|unsolicited|junk|content|attachment|dangerous|profanity|headers?|subject|message-?id|mime|bare (lf|cr|linefeeds?)|malformed)\b/i, ...message },
  { provider: "any", source: "common wording where there is no enhanced code",
    sample: "550 No such user here",
    phases: ["rcpt", "data", "content", "dot"],
    text: /\b(no such|unknown|invalid|non-?existent|bad|unroutable|undeliverable|not a valid|no valid) (\w+ ){0,2}(user|recipients?|mailbox|account|address|person|domain|destination|host)|\b(user|recipients?|mailbox|account|address|domain|host|alias)\b[^.;]*\b(unknown|not (be )?(found|exist|known|valid|available|local|here|listed|deliverable)|n't (exist|found|have|like)|does not exist|unavailable|invalid|disabled|inactive|rejected|suspended|closed|expired|moved|gone|undeliverable)|\bno mailbox\b|\bdoes ?n.t have an? .*account|\bno (one|account) (here )?by th(at|is) name|\bunable to (deliver|find|verify) .*(recipient|address|user)/i, ...recipient },
  { provider: "any", source: RFC3463,
    sample: "550 5.4.4 Cannot find a route to the destination",
    phases: ["rcpt"], enhanced: /^[45]\.4\.\d+$/, ...recipient },
  // What is refused before any recipient or content was named is about us or the sender.
  { provider: "any", source: "RFC 5321, section 4.1.1.2: MAIL names the sender and nothing else",
    sample: "550 5.7.1 Go away",
    phases: ["mail"], class: 5, enhanced: /^(?!5\.5\.|5\.6\.)/, ...sender },
];

/** What a refusal is about. `phase` is where in the conversation it came; null where there is
 *  none. Replies of no refusal, and none at all, are "unknown", as is what no row fits. */
export function readRefusal(reply: Reply, phase: Phase | null): Refusal {
  return rowFor(reply, phase) ?? UNKNOWN;
}

const UNKNOWN: Refusal = { about: "unknown", hint: null };

/** The row that decides about a refusal; null if there is none. */
export function rowFor({ code, enhanced, text }: Reply, phase: Phase | null): RefusalRow | null {
  if (code === null || code < 400 || code > 599) return null;
  const words = wordsOf(text);
  return REFUSALS.find((row) =>
    (row.class === undefined || Math.floor(code / 100) === row.class) &&
    (row.code === undefined || row.code.includes(code)) &&
    (row.phases === undefined || phase === null || row.phases.includes(phase)) &&
    (row.enhanced === undefined || row.enhanced.test(enhanced ?? "")) &&
    (row.text === undefined || row.text.test(words))
  ) ?? null;
}
