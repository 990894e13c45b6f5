const CERTIFICATES = new URL("../fixtures/tls/", import.meta.url).pathname;
const NOBODY = 65534;

/** The servers of one Postfix, each with settings of its own. */
const SERVERS = {
  /** STARTTLS with the right certificate, DSN, SMTPUTF8, no login. */
  open: "",
  plainText: "-o smtpd_tls_security_level=none",
  withoutUnicode: "-o smtputf8_enable=no",
  implicitTls: "-o smtpd_tls_wrappermode=yes",
  wrongName: certificate("wrong_name"),
  expired: certificate("expired"),
  selfSigned: certificate("self_signed"),
  authPlain: auth("plain"),
  authLogin: auth("login"),
  authScram: auth("scram-sha-256"),
  authUnderTls: `${auth("plain login")} -o smtpd_tls_auth_only=yes`,
  /** Wants full host names, and says so at RCPT as Postfix does by default. */
  strictNames: "-o smtpd_helo_required=yes -o smtpd_delay_reject=yes " +
    "-o smtpd_helo_restrictions=reject_non_fqdn_helo_hostname",
  /** Two connections of one client at a time. */
  fewConnections: "-o smtpd_client_connection_count_limit=2 " +
    "-o smtpd_client_event_limit_exceptions=",
  fewRecipients: "-o smtpd_recipient_limit=10",
  /** Who has logged in may send as himself alone. */
  ownSenders: "-o smtpd_sasl_auth_enable=yes -o smtpd_tls_security_level=none " +
    "-o { smtpd_sender_login_maps = inline:{ { own@sender.test = mailer@mx.receiver.test mailer } } } " +
    "-o smtpd_sender_restrictions=reject_sender_login_mismatch,permit_sasl_authenticated,reject",
} as const;

export type ServerName = keyof typeof SERVERS;
export const SERVER_NAMES = Object.keys(SERVERS) as readonly ServerName[];

function certificate(name: string): string {
  return `-o smtpd_tls_cert_file=${CERTIFICATES}${name}.pem`;
}

function auth(mechanisms: string): string {
  return "-o smtpd_sasl_auth_enable=yes -o smtpd_sender_restrictions=permit_sasl_authenticated,reject " +
    `-o { smtpd_sasl_mechanism_filter = ${mechanisms} }`;
}

/** Each mailbox and its address; the others of receiver.test are unknown users. */
const MAILBOXES = [
  ...["ann", "bob", "cat", "dsn", "reply", "big", "bytes", "utf8"].map((name) => [name, name]),
  ["jorg", "j\u00f6rg"],
  ...["grey", "late", "busy", "banned"].map((name) => [name, name]),
];

const RECIPIENTS = `
grey@receiver.test    greylist
busy@receiver.test    450 4.2.1 The mailbox is busy
banned@receiver.test  REJECT Go away
`;
const SENDERS =
  "badmail@sender.test  554 5.7.1 Not from you\nlater@sender.test  450 4.7.1 Come back\n";
const DATA = "baddata@sender.test  554 5.7.1 No data from you\n";
const HEADERS = "/^Subject: .*cheap pills/  REJECT Looks like spam\n";
const TRANSPORTS = "late@receiver.test  unknown:\n";

function mainSettings(folder: string, policyPort: number): string {
  return `
compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
maillog_file = ${folder}/log/mail.log
maillog_file_prefixes = ${folder}
myhostname = mx.receiver.test
mydestination =
mynetworks =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
alias_maps =
alias_database =
# What comes in is not to be rewritten.
local_header_rewrite_clients =
message_size_limit = 10240000
smtputf8_enable = yes
virtual_mailbox_domains = receiver.test, sender.test
virtual_mailbox_base = ${folder}/mail
virtual_mailbox_maps = texthash:${folder}/etc/mailboxes
virtual_uid_maps = static:${NOBODY}
virtual_gid_maps = static:${NOBODY}
transport_maps = texthash:${folder}/etc/transports
smtpd_delay_reject = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_sender_restrictions = check_sender_access texthash:${folder}/etc/senders
smtpd_recipient_restrictions = check_recipient_access texthash:${folder}/etc/recipients
smtpd_data_restrictions = check_sender_access texthash:${folder}/etc/data
smtpd_restriction_classes = greylist
greylist = check_policy_service inet:127.0.0.1:${policyPort}
header_checks = regexp:${folder}/etc/headers
smtpd_tls_security_level = may
smtpd_tls_cert_file = ${CERTIFICATES}server.pem
smtpd_tls_key_file = ${CERTIFICATES}key.pem
smtpd_tls_loglevel = 1
smtpd_sasl_local_domain = mx.receiver.test
smtpd_error_sleep_time = 0
smtpd_client_connection_rate_limit = 0
`;
}

const SERVICES = `
postlog   unix-dgram n  -  n  -      1  postlogd
cleanup   unix       n  -  n  -      0  cleanup
qmgr      unix       n  -  n  300    1  qmgr
tlsmgr    unix       -  -  n  1000?  1  tlsmgr
rewrite   unix       -  -  n  -      -  trivial-rewrite
bounce    unix       -  -  n  -      0  bounce
defer     unix       -  -  n  -      0  bounce
trace     unix       -  -  n  -      0  bounce
proxymap  unix       -  -  n  -      -  proxymap
error     unix       -  -  n  -      -  error
retry     unix       -  -  n  -      -  error
virtual   unix       -  n  n  -      -  virtual
anvil     unix       -  -  n  -      1  anvil
unknown   unix       -  n  n  -      -  pipe user=nobody argv=/bin/sh -c {exit 67}
`;

const SASL = (folder: string) =>
  `pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: ${folder}/etc/sasl/sasldb2
mech_list: PLAIN LOGIN SCRAM-SHA-256
`;

/** Writes all that the instance in `folder` reads. */
export async function writeSettings(
  folder: string,
  ports: Readonly<Record<ServerName, number>>,
  policyPort: number,
): Promise<void> {
  await Deno.chmod(folder, 0o755);
  for (const name of ["etc", "spool", "data", "log", "mail", "etc/sasl"]) {
    await Deno.mkdir(`${folder}/${name}`);
  }
  const { uid, gid } = await postfixUser();
  await Deno.chown(`${folder}/data`, uid, gid);
  await Deno.chown(`${folder}/mail`, NOBODY, NOBODY);
  for (const box of MAILBOXES.map(([name]) => name)) {
    for (const path of [box, `${box}/new`, `${box}/cur`, `${box}/tmp`]) {
      await Deno.mkdir(`${folder}/mail/${path}`, { mode: 0o700 });
      await Deno.chown(`${folder}/mail/${path}`, NOBODY, NOBODY);
    }
  }
  const inet = SERVER_NAMES.map((name) =>
    `127.0.0.1:${ports[name]} inet n - n - - smtpd ${SERVERS[name]}\n`
  );
  const domains = ["receiver.test", "sender.test"];
  const mailboxes = MAILBOXES.flatMap(([box, name]) =>
    domains.map((domain) => `${name}@${domain}  ${box}/\n`)
  );
  const files = {
    "etc/main.cf": mainSettings(folder, policyPort),
    "etc/master.cf": SERVICES + inet.join(""),
    "etc/mailboxes": mailboxes.join(""),
    "etc/recipients": RECIPIENTS,
    "etc/senders": SENDERS,
    "etc/data": DATA,
    "etc/headers": HEADERS,
    "etc/transports": TRANSPORTS,
    "etc/sasl/smtpd.conf": SASL(folder),
  };
  for (const [path, text] of Object.entries(files)) {
    await Deno.writeTextFile(`${folder}/${path}`, text);
  }
}

async function postfixUser(): Promise<{ readonly uid: number; readonly gid: number }> {
  const line = (await Deno.readTextFile("/etc/passwd")).match(/^postfix:[^:]*:(\d+):(\d+):/m);
  if (line === null) throw new Error("there is no user postfix: install Debian's postfix");
  return { uid: Number(line[1]), gid: Number(line[2]) };
}
