// A thread that is asked questions: claiming and recording, the screen's queue and the preview of
// mail work in one each. Both sides are here; what is asked and answered is theirs.

/** What a thread's code threw, as it crosses over. */
export interface ThreadFault {
  /** The `code` of the error, if it has one. */
  readonly code: string | null;
  readonly message: string;
  readonly stack: string | null;
}

interface Waiting<Answer> {
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

interface Asked<Question> {
  readonly id: number;
  readonly question: Question;
}

type Answered<Answer> =
  | { readonly id: number; readonly answer: Answer }
  | { readonly id: number; readonly fault: ThreadFault };

/** A thread, from its start until `end`. It keeps the process alive as long. */
export class Thread<Question, Answer> {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting<Answer>>();
  #nextId = 0;
  #isAlive = true;
  #reason: unknown = null;

  /** Starts the module at `url`, which must call `answerQuestions`; that it cannot be started is
   *  told to who asks. `toError` makes the error that `ask` rejects with of what was thrown there. */
  constructor(url: string, readonly toError: (fault: ThreadFault) => Error) {
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.addEventListener(
      "message",
      ({ data }: MessageEvent<Answered<Answer>>) => this.#take(data),
    );
    this.#worker.addEventListener("error", (event) => {
      // Otherwise it would end the whole process.
      event.preventDefault();
      this.end(this.toError({ code: null, message: event.message, stack: null }));
    });
    this.#worker.addEventListener("messageerror", () => {
      this.end(new Error("an answer of the thread could not be read"));
    });
  }

  /** Whether it can be asked: it has neither failed nor been ended. */
  get isAlive(): boolean {
    return this.#isAlive;
  }

  /** The answer to a question, which is copied. Questions may be open at once; the thread's code says
   *  in which order they are answered. Rejects with what that threw, and with the reason of the end
   *  if the thread fails, or is ended, before it has answered. */
  ask(question: Question): Promise<Answer> {
    if (!this.#isAlive) return Promise.reject(this.#reason);
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    this.#waiting.set(id, { resolve, reject });
    const asked: Asked<Question> = { id, question };
    this.#worker.postMessage(asked);
    return promise;
  }

  #take(answered: Answered<Answer>): void {
    const waiting = this.#waiting.get(answered.id);
    this.#waiting.delete(answered.id);
    if ("fault" in answered) waiting?.reject(this.toError(answered.fault));
    else waiting?.resolve(answered.answer);
  }

  /** Ends the thread at once, whatever it is doing. What is not answered, and what is asked from now
   *  on, rejects with `reason`; a second end changes nothing. */
  end(reason: unknown): void {
    if (!this.#isAlive) return;
    this.#isAlive = false;
    this.#reason = reason;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.values()) reject(reason);
    this.#waiting.clear();
  }
}

/** The part of a thread's global scope that is used here; the type checker knows only windows. */
interface ThreadScope {
  onmessage: (event: MessageEvent<Asked<never>>) => void;
  postMessage(answered: Answered<unknown>, transferred: readonly ArrayBuffer[]): void;
}

/** The thread's side: answers each question as it comes. To be called once, by the thread's module.
 *  What `transferred` names of an answer is given away instead of copied. */
export function answerQuestions<Question, Answer>(
  answer: (question: Question) => Promise<Answer>,
  transferred: (answer: Answer) => readonly ArrayBuffer[] = () => [],
): void {
  // Only the modules of threads call this.
  const scope = globalThis as unknown as ThreadScope;
  scope.onmessage = async ({ data: { id, question } }) => {
    try {
      const answered = await answer(question);
      scope.postMessage({ id, answer: answered }, transferred(answered));
    } catch (error) {
      scope.postMessage({ id, fault: faultOf(error) }, []);
    }
  };
}

function faultOf(error: unknown): ThreadFault {
  if (!(error instanceof Error)) return { code: null, message: String(error), stack: null };
  const code: unknown = Reflect.get(error, "code");
  return {
    code: typeof code === "string" ? code : null,
    message: error.message,
    stack: error.stack ?? null,
  };
}
