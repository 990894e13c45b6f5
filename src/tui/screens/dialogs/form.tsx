// The form that sends a message again to others, or from another. Part of dialog.tsx. Its keys are
// model/dialogs/form.ts's.

import { Box } from "ink";
import type { TextInput } from "../../keys/text_input.ts";
import { addressesOf } from "../../model/dialogs/form.ts";
import type { Dialog } from "../../model/dialogs/dialog.ts";
import { TextField } from "../text_field.tsx";
import { Words } from "../words.tsx";

interface FormProps {
  readonly dialog: Extract<Dialog, { kind: "form" }>;
  readonly columns: number;
}

export function Form({ dialog: form, columns }: FormProps) {
  const count = addressesOf(form).length;
  const field = (name: "sender" | "recipients", label: string) => (
    <Field
      label={label}
      input={form[name]}
      columns={columns}
      isCurrent={form.field === name}
      hasCaret={form.field === name && !form.isAsking}
    />
  );
  return (
    <>
      <Words isBold>{`Resend ${form.message.id} as a new message`}</Words>
      <Box height={1} />
      {field("sender", "Sender")}
      {field("recipients", "Recipients")}
      <Box height={1} />
      {form.isAsking
        ? (
          <Words isBold>
            {`Queue it to ${count} ${
              count === 1 ? "recipient" : "recipients"
            }? y does it · n, Enter, Esc: go on editing`}
          </Words>
        )
        : <Words>Tab: other field · Enter: done · Esc: leave it</Words>}
    </>
  );
}

interface FieldProps {
  readonly label: string;
  readonly input: TextInput;
  readonly columns: number;
  readonly isCurrent: boolean;
  readonly hasCaret: boolean;
}

const LABEL_COLUMNS = 13;

function Field({ label, input, columns, isCurrent, hasCaret }: FieldProps) {
  return (
    <Box height={1}>
      <Box width={LABEL_COLUMNS} flexShrink={0}>
        <Words>{`${isCurrent ? "▸" : " "} ${label}`}</Words>
      </Box>
      <TextField input={input} columns={columns - LABEL_COLUMNS} hasCaret={hasCaret} />
    </Box>
  );
}
