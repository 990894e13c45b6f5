export { exists as queueExists, queuePath } from "../../store/open.ts";
