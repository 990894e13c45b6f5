// The settings of [listen]: where the service takes mail, and whose. definitions.ts takes the table in; what
// they say together is read by listen.ts, which enqueueing does not load.

/** See SETTINGS. */
export const LISTEN_SETTINGS = {
  "listen.smtp": {
    kind: "words",
    default: null,
    doc: "Where the service takes mail by SMTP: 127.0.0.1:587, smtps://*:465, a socket's path or " +
      "systemd:NAME; several in a list",
  },
  "listen.submit": {
    kind: "path",
    default: null,
    doc:
      "A socket, such as /run/mailq/submit, by which the service takes the mail of programs that " +
      "can neither open the queue nor write in its drop folder",
  },
  "listen.http": {
    kind: "words",
    default: null,
    doc:
      "Where the service serves /metrics, /healthz and /readyz: 127.0.0.1:9877, or a socket's path",
  },
  "listen.tls.cert": {
    kind: "path",
    default: null,
    doc: "The certificate of listen.smtp with its chain, as PEM; others then log in under TLS",
  },
  "listen.tls.key": { kind: "path", default: null, doc: "The key of that certificate, as PEM" },
  "listen.users": {
    kind: "path",
    default: null,
    doc: "The logins that may send by listen.smtp: name:hash lines, as of htpasswd -B or " +
      "openssl passwd -6",
  },
  "listen.allow": {
    kind: "words",
    default: null,
    doc:
      "The networks that may send by listen.smtp without a login, and use listen.http, such as " +
      "10.0.0.0/8",
  },
  "listen.max_connections": {
    kind: "int",
    default: 500,
    doc: "Connections that the listeners keep at the same time",
    min: 1,
  },
} as const;
