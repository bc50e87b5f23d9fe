// Reads one delivery, as JSON with `headers` and `body` from standard input, with the CloudEvents SDK of npm, strictly.
import { HTTP } from "cloudevents";
import { readFileSync } from "node:fs";

const delivery = JSON.parse(readFileSync(0, "utf8"));
if (!HTTP.isEvent(delivery)) throw new Error("this is no CloudEvent");
const event = HTTP.toEvent(delivery);
event.validate();
process.stdout.write(JSON.stringify(event));
