// SPDX-License-Identifier: MIT
// growth_server.js MODE - an HTTP server in node that prints its port first. MODE: plateau (a bounded map of buffers,
// large enough that V8 collects those that have left it every few seconds), late (the same of small ones: V8 takes
// minutes), leak (a map of buffers that only grows), hello (nothing is kept).
const http = require("http");
const MODES = {
  plateau: { bytes: 60000, most: 300 },
  late: { bytes: 6000, most: 3000 },
  leak: { bytes: 6000, most: Infinity },
  hello: { bytes: 0, most: 0 },
};
const kept = new Map(), mode = MODES[process.argv[2]];

function keep(key) {
  if (!mode.bytes) return;
  kept.set(key, Buffer.alloc(mode.bytes, key));
  if (kept.size > mode.most) kept.delete(kept.keys().next().value);
}

const server = http.createServer((request, response) => {
  keep(request.url);
  response.setHeader("Content-Length", "5");
  response.end("hello");
});
server.keepAliveTimeout = 60000;
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
process.on("SIGTERM", () => process.exit(0));
