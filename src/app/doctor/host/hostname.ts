// The check "hostname": whether this machine has a full name, which relays want in EHLO and in
// addresses. Where it comes from is the settings' matter.

import { hostnameWarning } from "../../../config/hostname_warning.ts";
import { type Check, ok, warning } from "../check.ts";

interface Facts {
  readonly hostname: string;
  readonly origin: string;
}

export const check: Check<Facts> = {
  gather: (patient) => ({
    hostname: patient.settings.hostname,
    origin: patient.originOf("hostname"),
  }),
  judge({ hostname, origin }) {
    const text = hostnameWarning(hostname);
    if (text !== null) {
      return [
        warning(text, `echo ${hostname}.example.org | sudo tee /etc/mailname  (its full name)`),
      ];
    }
    return [ok(origin === "default" ? hostname : `${hostname} (${origin})`)];
  },
};
