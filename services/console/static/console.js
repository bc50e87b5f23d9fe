// What is live on every page. Without it everything works, and stands still.
import { countDown } from "./countdown.js";

countDown(document);
