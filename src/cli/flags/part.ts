// The flags that name a part of the mail: one relay's, sender's, recipient domain's or tag's. Called
// by `pause` and `resume`; what they mean is src/app/pause's.

import { anyText, text } from "./builders.ts";

export const PART_FLAGS = {
  relay: text({ brief: "Only what goes by this relay", placeholder: "RELAY" }),
  sender: anyText({
    brief: "Only from this envelope sender, <> for none",
    placeholder: "ADDRESS",
  }),
  toDomain: text({ brief: "Only to this domain", placeholder: "DOMAIN" }),
  tag: text({ brief: "Only with this tag", placeholder: "TAG" }),
};
