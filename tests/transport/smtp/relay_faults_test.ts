import { all, rcpt, testReplies } from "./reply_case.ts";

testReplies([{
  name: "4xx in the greeting",
  connections: [{ greeting: "450 4.3.2 busy" }],
  outcomes: all("deferred! 450"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "421 in the greeting",
  connections: [{ greeting: "421 4.3.2 busy" }],
  outcomes: all("deferred! 421"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "5xx in the greeting",
  connections: [{ greeting: "554 5.3.2 no service" }],
  outcomes: all("deferred! 554"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "4xx at EHLO",
  connections: [{ ehlo: "450 4.3.2 busy" }],
  outcomes: all("deferred! 450"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "5xx at EHLO and HELO",
  connections: [{ ehlo: "502 5.5.1 what", helo: "550 5.7.1 not you" }],
  outcomes: all("deferred! 550"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "530 at MAIL",
  connections: [{ mail: "530 5.7.0 log in" }],
  outcomes: all("deferred! 530"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "535 at MAIL",
  connections: [{ mail: "535 5.7.8 log in" }],
  outcomes: all("deferred! 535"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "550 5.7.8 at MAIL",
  connections: [{ mail: "550 5.7.8 log in" }],
  outcomes: all("deferred! 550"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "530 at every RCPT",
  connections: [{ rcpt: () => "530 5.7.0 log in" }],
  outcomes: all("deferred! 530"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "530 at one RCPT",
  connections: [{ rcpt: rcpt({ b: "530 5.7.0 log in" }) }],
  outcomes: ["sent 250", "deferred! 530", "sent 250"],
  connectionCount: 1,
}, {
  name: "554 5.7.9 at RCPT",
  connections: [{ rcpt: rcpt({ c: "554 5.7.9 weak" }) }],
  outcomes: ["sent 250", "sent 250", "deferred! 554"],
  connectionCount: 1,
}, {
  name: "530 at DATA",
  connections: [{ data: "530 5.7.0 log in" }],
  outcomes: all("deferred! 530"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "550 5.7.9 at the dot",
  connections: [{ dot: "550 5.7.9 weak" }],
  outcomes: all("deferred! 550"),
  connectionCount: 1,
}, {
  name: "relaying denied for everybody",
  connections: [{ rcpt: () => "554 5.7.1 Relay access denied" }],
  outcomes: all("failed 554"),
  connectionCount: 1,
  contents: 0,
}, {
  name: "relaying denied for one",
  connections: [{ rcpt: rcpt({ a: "554 5.7.1 Relay access denied" }) }],
  outcomes: ["failed 554", "sent 250", "sent 250"],
  connectionCount: 1,
}, {
  name: "an unknown recipient at a host named relay",
  connections: [{
    rcpt: () => "550 5.1.1 <unk@relay.example.org>: Recipient address rejected: User unknown",
  }],
  outcomes: all("failed 550"),
  connectionCount: 1,
  contents: 0,
}]);
