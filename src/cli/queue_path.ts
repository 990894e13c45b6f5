export { exists as queueExists } from "../store/open.ts";
