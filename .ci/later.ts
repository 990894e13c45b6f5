// Reads in a source file what it loads later and which threads it starts, and writes that as esbuild
// understands it. Called by bundle.ts.

/** `import(import.meta.resolve("./x.ts"))`, also with a template for the name, and
 *  `import("./x.ts")`; over several lines too, but not where they name a type. */
const LOADS =
  /(?<!typeof )\bimport\(\s*(?:import\.meta\.resolve\(\s*("\.[^"]+"|`\.[^`]+`)\s*\),?|("\.[^"]+"))\s*\)(?!\.)/g;
const TYPES = /\btypeof import\("(\.[^"]+)"\)/g;
/** The module that a thread starts with. */
const STARTS = /\bimport\.meta\.resolve\("(\.[^"]+)"\)/g;
const OTHERS = /\bimport\.meta\.\w+/;

/** The paths of the modules that threads start with. */
export function threadsOf(path: string, text: string): string[] {
  const rest = codeOf(text).replace(LOADS, "");
  return [...rest.matchAll(STARTS)].map(([, name = ""]) => absolute(path, name));
}

/** The text with loads by literal names, and with the modules of threads by the names that
 *  `threadName` gives them; every line stays where it is. Throws for what it cannot read: the
 *  program would look for a file that it does not have. */
export function asLiterals(
  path: string,
  text: string,
  threadName: (path: string) => string,
): string {
  let rest = codeOf(text);
  const literal = text.replace(LOADS, (whole, computed?: string, plain?: string) => {
    rest = rest.replace(whole, "");
    const name = computed ?? plain ?? "";
    const lines = "\n".repeat(whole.split("\n").length - 1);
    return (name.startsWith("`") ? choiceOf(path, text, name) : `import(${name})`) + lines;
  });
  const unknown = OTHERS.exec(rest.replace(STARTS, ""));
  if (unknown !== null) {
    throw new Error(
      `Cannot bundle ${path}: ${
        unknown[0]
      } is not used as import(import.meta.resolve("./x.ts")), ` +
        'or as import.meta.resolve("./x.ts") for a thread',
    );
  }
  return literal.replace(STARTS, (_, name: string) => {
    return `import.meta.resolve(${JSON.stringify(threadName(absolute(path, name)))})`;
  });
}

/** A load by a template such as `./${name}.ts`: it may be of the modules of that form whose types the
 *  file names, or else of all files of the folder. */
function choiceOf(path: string, text: string, template: string): string {
  const [, start = "", end = ""] = /^`([^$]*)\$\{[^}]+\}([^$]*)`$/.exec(template) ?? [];
  if (end === "") throw new Error(`Cannot bundle ${path}: ${template} has more than one part`);
  const typed = [...text.matchAll(TYPES)].flatMap(([, name = ""]) =>
    name.startsWith(start) && name.endsWith(end) ? [name] : []
  );
  const all = () =>
    [...Deno.readDirSync(absolute(path, start))].flatMap(({ name }) =>
      name.endsWith(end) ? [start + name] : []
    );
  const names = typed.length > 0 ? [...new Set(typed)] : all();
  const choices = names.toSorted().map((name) => {
    return `${JSON.stringify(name)}: () => import(${JSON.stringify(name)})`;
  });
  return `({ ${choices.join(", ")} })[${template}]()`;
}

function codeOf(text: string): string {
  return text.replace(/^\s*(\/\/|\*|\/\*).*$/gm, "");
}

function absolute(path: string, name: string): string {
  return new URL(name, `file://${path}`).pathname;
}
