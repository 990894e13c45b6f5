// The thread of thread_test.ts: does what it is asked.
import { answerQuestions } from "../../src/system/thread.ts";

export type Question =
  | { readonly kind: "add"; readonly numbers: readonly number[] }
  | { readonly kind: "open" | "spin" | "throw text" | "fail" }
  | { readonly kind: "throw"; readonly code: string }
  | { readonly kind: "give"; readonly size: number }
  | { readonly kind: "release" };

let release = () => {};

async function answer(question: Question): Promise<unknown> {
  switch (question.kind) {
    case "add":
      return question.numbers.reduce((sum, number) => sum + number, 0);
    case "open":
      await new Promise<void>((resolve) => release = resolve);
      return "released";
    case "release":
      release();
      return null;
    case "throw":
      throw Object.assign(new Error("no room"), { code: question.code });
    case "throw text":
      throw "text alone";
    case "give":
      return new ArrayBuffer(question.size);
    case "spin":
      for (;;);
    case "fail":
      setTimeout(() => {
        throw new Error("nobody catches this");
      });
      return await new Promise<never>(() => {});
  }
}

answerQuestions(answer, (answered) => answered instanceof ArrayBuffer ? [answered] : []);
