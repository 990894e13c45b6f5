/** What a test's relays listen on. */
export interface Ports {
  /** Takes all mail, in clear. */
  readonly good: number;
  /** STARTTLS with a certificate for relay.test, and a login as me with the password "pass". */
  readonly secure: number;
  /** Refuses the sender. */
  readonly fussy: number;
  /** Takes a megabyte at most. */
  readonly small: number;
  /** Its clock is two hours ahead. */
  readonly early: number;
  /** Nobody listens. */
  readonly closed: number;
}

/** A machine on which one thing is wrong. */
export interface BrokenMachine {
  readonly name: string;
  /** Lines of a shell that break it, or set it up so. */
  readonly breaks: string | ((ports: Ports) => string);
  /** What doctor is to name: the check and its text. */
  readonly check: string;
  readonly text: RegExp;
  /** What it says mends that. */
  readonly mend: RegExp;
  /** How a person does that; by default exactly as it stands there. */
  readonly mends?: string | ((ports: Ports) => string);
  readonly level?: "warning";
}

const TOML = "/etc/mailq.toml";
const QUEUE = "/var/lib/mailq/queue.db";

/** Takes these lines out of the settings, and puts others at their end. */
const settings = (without: string, ...lines: string[]) =>
  `sed -i '/^${without}/d' ${TOML}\n` +
  lines.map((line) => `echo '${line}' >> ${TOML}`).join("\n");
const transport = (port: number) => `transport = "smtp://127.0.0.1:${port}"`;
const secured = (host: string, port: number, ...more: string[]) =>
  settings(
    "transport",
    "[relay.default]",
    `url = "smtp://${host}:${port}"`,
    'tls.mode = "required"',
  )
    .concat('\necho "tls.ca = \\"$CA\\"" >> /etc/mailq.toml\n')
    .concat(more.map((line) => `echo '${line}' >> ${TOML}`).join("\n"));
const login = (password: string) =>
  `echo ${password} > /etc/mailq.password; chmod 600 /etc/mailq.password\n`;
const LOGIN = ['user = "me"', 'password_file = "/etc/mailq.password"'];

export const BROKEN: readonly BrokenMachine[] = [
  // ------------------------------------------------------------------------------ files and folders
  {
    name: "others can read the queue",
    breaks: `chmod 644 ${QUEUE}`,
    check: "modes",
    text: /others may read or write \/var\/lib\/mailq\/queue\.db \(0644\)/,
    mend: /^chmod 600 \/var\/lib\/mailq\/queue\.db$/,
  },
  {
    name: "a file beside the queue is another user's",
    breaks: `touch ${QUEUE}-wake && chown daemon ${QUEUE}-wake && chmod 600 ${QUEUE}-wake`,
    check: "modes",
    text: /queue\.db-wake is daemon's, and the queue root's/,
    mend: /^sudo mailq init system --user root$/,
  },
  {
    name: "others may put files in the queue's folder",
    breaks: "chmod 777 /var/lib/mailq",
    check: "modes",
    text: /others may put files in the queue's folder \/var\/lib\/mailq \(0777\)/,
    mend: /^chmod 775 \/var\/lib\/mailq$/,
  },
  {
    name: "the drop folder is closed",
    breaks: "chmod 755 /var/lib/mailq/drop",
    check: "drop folder",
    text: /\/var\/lib\/mailq\/drop has mode 0755, and not 1733/,
    mend: /^chmod 1733 \/var\/lib\/mailq\/drop$/,
  },
  {
    name: "a folder inside the drop folder is gone",
    breaks: "rmdir /var/lib/mailq/drop/taken",
    check: "drop folder",
    text: /drop\/taken is missing/,
    mend: /^sudo mailq init system --user root$/,
  },
  {
    name: "the folder above keeps users out",
    breaks: "chmod 710 /var/lib/mailq",
    check: "drop folder",
    text: /\/var\/lib\/mailq keeps other users from the drop folder \(0710\)/,
    mend: /^chmod o\+x \/var\/lib\/mailq$/,
  },
  {
    name: "the machine's queue has no drop folder",
    breaks: "rm -r /var/lib/mailq/drop",
    check: "drop folder",
    level: "warning",
    text: /the machine's other users cannot hand in mail/,
    mend: /^sudo mailq init system --user root$/,
  },
  // ----------------------------------------------------------------------------------------- disks
  {
    name: "the disk is full",
    breaks: `cp -a /var/lib/mailq /var/lib/kept
mount -t tmpfs -o size=160m,mode=711 disk /var/lib/mailq
cp -a /var/lib/kept/. /var/lib/mailq/
head -c 158M /dev/zero > /var/lib/mailq/.filler`,
    check: "space",
    text: /the disk is full: \d+ MB are free/,
    mend: /^df -h \/var\/lib\/mailq/,
    mends: "df -h /var/lib/mailq; rm /var/lib/mailq/.filler",
  },
  {
    name: "no more files can be made",
    breaks: `cp -a /var/lib/mailq /var/lib/kept
mount -t tmpfs -o size=160m,mode=711,nr_inodes=1200 disk /var/lib/mailq
cp -a /var/lib/kept/. /var/lib/mailq/
mkdir /var/lib/mailq/.files
seq 1150 | (cd /var/lib/mailq/.files && xargs touch)`,
    check: "inodes",
    text: /\d\d more files can be made/,
    mend: /^df -i \/var\/lib\/mailq/,
    mends: "df -i /var/lib/mailq; rm -r /var/lib/mailq/.files",
  },
  {
    name: "the queue is on NFS",
    breaks: `mkdir /home/far && mount -t tmpfs far /home/far
cp -a ${QUEUE} /home/far/queue.db
{ cat /proc/self/mountinfo; echo '99 1 0:99 / /home/far rw - nfs4 files:/export rw'; } > $MACHINE/mountinfo
sed -i '1i queue = "/home/far/queue.db"' ${TOML}`,
    check: "file system",
    text: /\/home\/far\/queue\.db is on nfs4 \(files:\/export\)/,
    mend: /^mv \/home\/far\/queue\.db\* \/var\/lib\/mailq\//,
    mends: `mv /home/far/queue.db* /var/lib/mailq/; sed -i '/^queue/d' ${TOML}`,
  },
  {
    name: "the queue's disk is read-only",
    breaks: `cp -a /var/lib/mailq /var/lib/kept
mount -t tmpfs -o mode=711 disk /var/lib/mailq
cp -a /var/lib/kept/. /var/lib/mailq/
mount -o remount,ro /var/lib/mailq`,
    check: "file system",
    text: /\/var\/lib\/mailq is on a disk that is read-only/,
    mend: /^mount -o remount,rw \/var\/lib\/mailq$/,
  },
  {
    name: "the queue's file is damaged",
    breaks: `cp -a ${QUEUE} /var/lib/backup.db
dd if=/dev/urandom of=${QUEUE} bs=4096 seek=3 count=8 conv=notrunc 2>/dev/null`,
    check: "queue",
    text: /Cannot use the queue \/var\/lib\/mailq\/queue\.db: the file is damaged/,
    mend: /^mailq restore BACKUP/,
    mends: `cp -a /var/lib/backup.db ${QUEUE}`,
  },
  // -------------------------------------------------------------------------------------- settings
  {
    name: "a wrong value in the settings",
    breaks: `sed -i '1i concurrency = "many"' ${TOML}`,
    check: "settings",
    text: /Cannot use concurrency = "many" \(\/etc\/mailq\.toml:1\): expected a whole number/,
    mend: /^editor \+1 \/etc\/mailq\.toml$/,
    mends: `sed -i 1d ${TOML}`,
  },
  {
    name: "a setting that has no effect any more",
    breaks: settings("nothing", "[claim]", 'timeout = "5m"'),
    check: "settings",
    level: "warning",
    text: /The setting claim.* has no effect/,
    mend: /^editor \+\d+ \/etc\/mailq\.toml$/,
    mends: `sed -i '/claim/,$d' ${TOML}`,
  },
  {
    name: "a variable that mailq does not know",
    breaks: 'echo "export MAILQ_RETRY_MAXX=3" >> $MACHINE/prelude',
    check: "settings",
    level: "warning",
    text: /MAILQ_RETRY_MAXX/,
    mend: /^unset MAILQ_RETRY_MAXX$/,
    mends: 'sed -i /MAXX/d "$MACHINE/prelude"',
  },
  {
    name: "nobody has said where mail goes",
    breaks: settings("transport"),
    check: "transport",
    level: "warning",
    text: /nobody has said where mail goes/,
    mend: /^mailq init config \| sudo tee \/etc\/mailq\.toml/,
    mends: (ports) => settings("nothing", transport(ports.good)),
  },
  {
    name: "test mode was left on",
    breaks: settings("nothing", 'redirect_to = "me@receiver.test"'),
    check: "transport",
    level: "warning",
    text: /test mode: all mail goes to me@receiver\.test/,
    mend: /^take redirect_to out of the settings/,
    mends: settings("redirect_to"),
  },
  {
    name: "everybody can read the relay's password",
    breaks: (ports) =>
      login("pass") + "chmod 644 /etc/mailq.password\n" +
      secured("relay.test", ports.secure, ...LOGIN),
    check: "passwords",
    text: /everybody can read the password of the relay default: \/etc\/mailq\.password \(0644\)/,
    mend: /^chmod 640 \/etc\/mailq\.password$/,
  },
  {
    name: "the file with the password is missing",
    breaks: (ports) => secured("relay.test", ports.secure, ...LOGIN),
    check: "passwords",
    text: /there is no file \/etc\/mailq\.password/,
    mend: /^install -m 600 -o root \/dev\/stdin \/etc\/mailq\.password/,
    mends: "echo pass | install -m 600 -o root /dev/stdin /etc/mailq.password",
  },
  {
    name: "a command in the settings is not there",
    breaks: settings("nothing", 'error_handler = "/opt/judge --all"'),
    check: "commands",
    text: /error_handler runs "\/opt\/judge", which cannot be run/,
    mend: /^ls -l \/opt\/judge/,
    mends: settings("error_handler"),
  },
  {
    name: "a hook's command is not there",
    breaks: `${settings("nothing")}
cat >> /etc/mailq.toml <<'END'
[[hook]]
name = "bell"
events = ["recipient.failed"]
command = "/usr/local/bin/bell"
END`,
    check: "commands",
    text: /the hook bell runs "\/usr\/local\/bin\/bell", which cannot be run/,
    mend: /^ls -l \/usr\/local\/bin\/bell/,
    mends: "install -m 755 /dev/null /usr/local/bin/bell",
  },
  {
    name: "a line of the aliases that mailq does not use",
    breaks: "echo 'adm: |/usr/bin/vacation adm' >> /etc/aliases",
    check: "aliases",
    level: "warning",
    text: /\/etc\/aliases:2: adm: .* is not used: mailq runs no commands/,
    mend: /^editor \+2 \/etc\/aliases$/,
    mends: "sed -i 2d /etc/aliases",
  },
  // --------------------------------------------------------------------------------------- machine
  {
    name: "the machine has no full name",
    breaks: "echo web1 > /etc/mailname",
    check: "hostname",
    level: "warning",
    text: /hostname is "web1", which is no full name/,
    mend: /^echo web1\.example\.org \| sudo tee \/etc\/mailname/,
  },
  {
    name: "the clock was set back",
    breaks: "mailq send\n" +
      `python3 -c 'import sqlite3; c = sqlite3.connect("${QUEUE}"); ` +
      `c.execute("UPDATE meta SET value = value + 86400000 WHERE key = ?", ["last_round_at"]); ` +
      "c.commit()'",
    check: "clock",
    text: /the queue was worked on at .*: the clock is, or was, wrong/,
    mend: /^sudo timedatectl set-ntp true .*, then `mailq send`$/,
    mends: "mailq send",
  },
  {
    name: "another mail system is the machine's sendmail",
    breaks:
      "rm /usr/sbin/sendmail; printf '#!/bin/sh\\n' > /usr/sbin/sendmail; chmod 755 /usr/sbin/sendmail",
    check: "sendmail",
    level: "warning",
    text: /\/usr\/sbin\/sendmail is .*: mail by it goes there, not into this queue/,
    mend: /^sudo dpkg-divert .* && sudo ln -s \S+ \/usr\/sbin\/sendmail$/,
  },
  {
    name: "there is no sendmail",
    breaks: "rm /usr/sbin/sendmail",
    check: "sendmail",
    level: "warning",
    text: /there is none: cron, PHP and other programs cannot mail/,
    mend: /^sudo ln -s \S+ \/usr\/sbin\/sendmail$/,
  },
  {
    name: "mail waits in Postfix",
    breaks:
      "mkdir -p /var/spool/postfix/deferred/4 && touch /var/spool/postfix/deferred/4/4FkYcb12",
    check: "other mail",
    level: "warning",
    text: /Postfix has 1 mails waiting/,
    mend: /^postqueue -p; postqueue -f$/,
    mends: "rm /var/spool/postfix/deferred/4/4FkYcb12",
  },
  {
    name: "a user's own queue is left behind",
    breaks: `mail='From: a@b.test\\nTo: b@c.test\\n\\nhi\\n'
printf "$mail" | mailq --queue /home/root/.local/state/mailq/queue.db enqueue`,
    check: "other queues",
    level: "warning",
    text: /\/home\/root\/\.local\/state\/mailq\/queue\.db holds 1 messages that nobody sends/,
    mend: /^mailq --queue \/home\/root\/\.local\/state\/mailq\/queue\.db send$/,
  },
  // --------------------------------------------------------------------------------------- sending
  {
    name: "nobody sends",
    breaks: "rm /etc/cron.d/mailq",
    check: "sending",
    text: /nobody sends what is queued: no line of cron and no service/,
    mend: /^mailq init cron --user root \| sudo tee \/etc\/cron\.d\/mailq$/,
  },
  {
    name: "cron is not running",
    breaks:
      "kill $(cat /run/crond.pid) && while kill -0 $(cat /run/crond.pid); do :; done 2>/dev/null || :",
    check: "cron",
    text: /cron is not running/,
    mend: /systemctl enable --now cron/,
    mends: "rm -f /run/crond.pid; cron",
  },
  {
    name: "cron's lines name a program that is gone",
    breaks: "sed -i 's|[^ ]*/mailq |/opt/mailq |' /etc/cron.d/mailq",
    check: "cron",
    text: /\/etc\/cron\.d\/mailq:2 runs \/opt\/mailq, which is not there/,
    mend: /^editor \+2 \/etc\/cron\.d\/mailq/,
    mends: "mailq init cron --user root | sudo tee /etc/cron.d/mailq",
  },
  {
    name: "nothing tries deferred mail again",
    breaks: "sed -i /retry/d /etc/cron.d/mailq",
    check: "cron",
    level: "warning",
    text: /sends, but nothing tries deferred mail again/,
    mend: /^mailq init cron/,
    mends: "mailq init cron --user root | sudo tee /etc/cron.d/mailq",
  },
  {
    name: "the service has failed",
    breaks: `rm /etc/cron.d/mailq
mkdir -p /run/systemd/system /etc/systemd/system
mailq init systemd > /etc/systemd/system/mailq.service
printf '#!/bin/sh\\ncat /run/state\\n' > /usr/local/bin/systemctl; chmod 755 /usr/local/bin/systemctl
printf 'ActiveState=failed\\nUnitFileState=enabled\\n' > /run/state`,
    check: "service",
    text: /systemd's unit mailq has failed/,
    mend: /^journalctl -u mailq -n 20; sudo systemctl restart mailq$/,
    mends: "sed -i s/failed/active/ /run/state",
  },
  {
    name: "a pause was forgotten",
    breaks: `mailq pause
python3 -c 'import sqlite3; c = sqlite3.connect("${QUEUE}"); ` +
      `c.execute("UPDATE meta SET value = value - 86400000 WHERE key = ?", ["paused_since"]); ` +
      "c.commit()'",
    check: "pauses",
    level: "warning",
    text: /all sending is paused for 1d/,
    mend: /^mailq resume$/,
  },
  // ---------------------------------------------------------------------------------------- relays
  {
    name: "nobody listens where the relay is to be",
    breaks: (ports) => settings("transport", transport(ports.closed)),
    check: "relay default",
    text: /127\.0\.0\.1: Connection refused/,
    mend: /^nc -vz 127\.0\.0\.1 \d+ .*see to host and port in relay\.default\.url/,
    mends: (ports) => settings("transport", transport(ports.good)),
  },
  {
    name: "the relay's name is wrong",
    breaks: settings("transport", 'transport = "smtp://no-such-relay.test"'),
    check: "relay default",
    text: /no-such-relay\.test:25: its name is not known/,
    mend: /^getent ahosts no-such-relay\.test/,
    mends: (ports) => settings("transport", transport(ports.good)),
  },
  {
    name: "the relay shows a certificate for another name",
    breaks: (ports) => secured("mail.test", ports.secure),
    check: "TLS",
    text: /the certificate is for .*relay\.test.*, not for mail\.test/,
    mend: /^use a name it is for in the relay's URL/,
    mends: `sed -i s/mail.test/relay.test/ ${TOML}`,
  },
  {
    name: "the relay is of an authority that nobody trusts",
    breaks: (ports) => `${secured("relay.test", ports.secure)}\nsed -i /tls.ca/d ${TOML}`,
    check: "TLS",
    text: /signed by an authority that is not trusted here/,
    mend: /^set tls\.ca to a file with the authority's certificate/,
    mends: `echo "tls.ca = \\"$CA\\"" >> ${TOML}`,
  },
  {
    name: "the URL is for another kind of TLS",
    breaks: (ports) =>
      `${secured("relay.test", ports.secure)}\nsed -i 's|smtp://relay|smtps://relay|' ${TOML}`,
    check: "TLS",
    text: /the server speaks in clear at first here/,
    mend: /^write smtp:\/\/ in its URL/,
    mends: `sed -i 's|smtps://relay|smtp://relay|' ${TOML}`,
  },
  {
    name: "the password is wrong",
    breaks: (ports) => login("secret") + secured("relay.test", ports.secure, ...LOGIN),
    check: "login",
    text: /535/,
    mend: /^see to user and password of the relay/,
    mends: login("pass"),
  },
  {
    name: "the relay does not let us send as this sender",
    breaks: (ports) => settings("transport", transport(ports.fussy)),
    check: "sender",
    text: /^MAIL FROM: 553/,
    mend: /^the relay does not let us send as this sender: allow it there, or set `force_from`/,
    mends: `sed -i '1i force_from = "news@sender.test"' ${TOML}`,
  },
  {
    name: "the relay takes less than we do",
    breaks: (ports) => settings("transport", transport(ports.small)),
    check: "size",
    level: "warning",
    text: /the relay takes 1 MB, and max_size is 50 MB/,
    mend: /^set max_size = "1MB" in the settings$/,
    mends: `sed -i '1i max_size = "1MB"' ${TOML}`,
  },
  {
    name: "the relay has another time",
    breaks: (ports) => settings("transport", transport(ports.early)),
    check: "clock",
    level: "warning",
    text: /\d+ minutes behind the relay's clock/,
    mend: /^sudo timedatectl set-ntp true/,
    mends: (ports) => settings("transport", transport(ports.good)),
  },
];
