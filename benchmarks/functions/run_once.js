// One invocation in one process: `node run_once.js TASK_ROOT MODULE.HANDLER`, event on stdin.
const path = require("path");

const [root, name] = process.argv.slice(2);
const [file, handler] = name.split(".");
const event = JSON.parse(require("fs").readFileSync(0, "utf8"));
require(path.join(root, file))
  [handler](event, {})
  .then((answer) => process.stdout.write(JSON.stringify(answer)));
